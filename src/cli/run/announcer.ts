import type { Finding } from "../../model/finding.ts";
import type { Report } from "../../model/report.ts";
import { findingBlock } from "../terminal/finding-block.ts";
import { bySeverity, severities } from "../terminal/report-text.ts";
import type { Curve } from "../terminal/sparkline.ts";
import type { Style } from "../terminal/style.ts";

interface Announced {
  readonly severity: Finding["severity"];
  readonly step: number | null;
}

/** Prints each finding once as it appears, and once more when it gets worse. */
export class Announcer {
  readonly #style: Style;
  readonly #print: (block: string) => void;
  readonly #curveOf: (finding: Finding) => Curve | undefined;
  readonly #link: string | undefined;
  readonly #announced = new Map<string, Announced[]>();

  constructor(
    style: Style,
    print: (block: string) => void,
    curveOf: (finding: Finding) => Curve | undefined,
    link: string | undefined,
  ) {
    this.#style = style;
    this.#print = print;
    this.#curveOf = curveOf;
    this.#link = link;
  }

  see(report: Report): void {
    for (const finding of bySeverity(report.findings)) {
      if (!this.#isNews(finding, report)) continue;
      this.#print(`\n${findingBlock(finding, this.#style, { curve: this.#curveOf(finding), link: this.#link })}\n\n`);
    }
  }

  /** The onset of a finding moves a little while data come in; as long as a rule has no more findings than were printed, it is the same one. */
  #isNews(finding: Finding, report: Report): boolean {
    const key = `${finding.rule}|${finding.onset.layer ?? ""}|${finding.onset.rank ?? ""}`;
    const known = this.#announced.get(key) ?? [];
    const now = report.findings.filter(
      (other) =>
        other.rule === finding.rule &&
        other.onset.layer === finding.onset.layer &&
        other.onset.rank === finding.onset.rank,
    );
    const same =
      known.find(({ step }) => step === finding.onset.step) ??
      (now.length <= known.length ? known[now.indexOf(finding)] : undefined);
    if (same !== undefined && severities.indexOf(same.severity) <= severities.indexOf(finding.severity)) return false;
    const others = same === undefined ? known : known.filter((each) => each !== same);
    this.#announced.set(key, [...others, { severity: finding.severity, step: finding.onset.step }]);
    return true;
  }
}
