import type { Finding, Resolved } from "../../model/finding.ts";
import type { Report } from "../../model/report.ts";
import { findingBlock } from "../terminal/finding-block.ts";
import { bySeverity, sayResolved, severities } from "../terminal/report-text.ts";
import type { Curve } from "../terminal/sparkline.ts";
import type { Style } from "../terminal/style.ts";
import { labelled } from "../terminal/text.ts";

interface Announced {
  readonly severity: Finding["severity"];
  readonly step: number | null;
}

/** Prints each finding once as it appears, once more when it gets worse, and a line when it no longer holds. */
export class Announcer {
  readonly #style: Style;
  readonly #print: (block: string) => void;
  readonly #curveOf: (finding: Finding) => Curve | undefined;
  readonly #link: string | undefined;
  readonly #announced = new Map<string, Announced[]>();
  /** Resolved findings stay in the reports; each is told once. */
  readonly #toldGone = new Set<string>();

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
    const gone = this.#takenBack(report);
    for (const finding of bySeverity(report.findings)) {
      if (!this.#isNews(finding, report)) continue;
      this.#print(`\n${findingBlock(finding, this.#style, { curve: this.#curveOf(finding), link: this.#link })}\n\n`);
    }
    for (const { finding, reason } of gone) {
      const lines = labelled("No longer    ", `${sayResolved(finding)}: ${reason}`, this.#style.width);
      this.#print(`${this.#style.colours.dim(lines.join("\n"))}\n\n`);
    }
  }

  /** What was printed and is resolved since; first, so that what came in its place is news. */
  #takenBack({ resolved = [] }: Report): Resolved[] {
    return resolved.filter(({ finding, step }) => {
      const key = `${placeOf(finding)}|${finding.onset.step}|${step}`;
      if (this.#toldGone.has(key)) return false;
      this.#toldGone.add(key);
      return this.#withdraw(finding);
    });
  }

  /** Takes a finding back; false when it was not printed. The onset may have moved since it was. */
  #withdraw(finding: Finding): boolean {
    const known = this.#announced.get(placeOf(finding)) ?? [];
    const gone = known.find(({ step }) => step === finding.onset.step) ?? (known.length === 1 ? known[0] : undefined);
    if (gone === undefined) return false;
    this.#announced.set(
      placeOf(finding),
      known.filter((each) => each !== gone),
    );
    return true;
  }

  /** Printed with another layer at the same step, which the report no longer names: told anew in one line. */
  #takeMoved(finding: Finding, { findings }: Report): Announced | undefined {
    const { rule, onset } = finding;
    const isNamed = (key: string): boolean => findings.some((other) => placeOf(other) === key);
    for (const [key, known] of this.#announced) {
      const [only] = known;
      const [ofRule, layer, rank] = key.split("|");
      if (known.length !== 1 || only === undefined || only.step === null || only.step !== onset.step) continue;
      if (ofRule !== rule || rank !== String(onset.rank ?? "") || isNamed(key)) continue;
      this.#announced.delete(key);
      const words = `${finding.title}: ${finding.message} (said before of ${layer === "" ? "the whole run" : layer})`;
      this.#print(`${labelled("Now known    ", words, this.#style.width).join("\n")}\n\n`);
      return only;
    }
    return undefined;
  }

  /** The onset of a finding moves a little while data come in; as long as a rule has no more findings than were printed, it is the same one. */
  #isNews(finding: Finding, report: Report): boolean {
    const key = placeOf(finding);
    const known = this.#announced.get(key) ?? [];
    const now = report.findings.filter(
      (other) =>
        other.rule === finding.rule &&
        other.onset.layer === finding.onset.layer &&
        other.onset.rank === finding.onset.rank,
    );
    const moved = known.length === 0 ? this.#takeMoved(finding, report) : undefined;
    const same =
      moved ??
      known.find(({ step }) => step === finding.onset.step) ??
      (now.length <= known.length ? known[now.indexOf(finding)] : undefined);
    const isTold = same !== undefined && severities.indexOf(same.severity) <= severities.indexOf(finding.severity);
    const severity = isTold ? same.severity : finding.severity;
    const others = known.filter((each) => each !== same);
    this.#announced.set(key, [...others, { severity, step: finding.onset.step }]);
    return !isTold;
  }
}

const placeOf = ({ rule, onset }: Finding): string => `${rule}|${onset.layer ?? ""}|${onset.rank ?? ""}`;
