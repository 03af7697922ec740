import { useState, type ReactNode } from "react";
import type { Run } from "../../../model/run.ts";
import { bytes, plural } from "../../format/number.ts";
import { absolute } from "../../format/time.ts";
import { Breakable } from "../../widgets/breakable.tsx";
import { Command } from "../../widgets/command.tsx";

/** Where the run came from: enough to run it again. */
export function About({ run }: { run: Run }) {
  const { environment: env } = run;
  const [search, setSearch] = useState("");
  const packages = Object.entries(env.packages ?? {}).filter(([name]) =>
    name.toLowerCase().includes(search.toLowerCase()),
  );
  const facts: readonly (readonly [string, ReactNode])[] = [
    ["id", <code key="id">{run.id}</code>],
    ["kind", run.kind],
    ["source", run.source],
    ["trainer", run.dialect],
    ["started", absolute(run.createdAt)],
    ["ended", run.endedAt === null ? null : absolute(run.endedAt)],
    ["working directory", env.cwd],
    ["host", env.host],
    ["user", env.user],
    ["platform", env.platform],
    ["processors", env.cpus],
    ["memory", env.memoryBytes === undefined ? undefined : bytes(env.memoryBytes)],
    ["GPUs", env.gpus === undefined || env.gpus.length === 0 ? undefined : gpuText(env.gpus)],
    ["Python", env.python],
    ["git commit", env.gitCommit && <code key="commit">{env.gitCommit}</code>],
    ["git branch", env.gitBranch],
    [
      "working tree",
      env.gitDirty === undefined ? undefined : env.gitDirty ? "had changes that were not committed" : "clean",
    ],
  ];
  const known = facts.filter(([, value]) => value !== undefined && value !== null && value !== "");
  return (
    <section className="about" aria-label="About">
      {env.command !== undefined && env.command.length > 0 && <Command text={env.command.map(quoted).join(" ")} />}
      <div className="about-columns">
        <table className="facts">
          <tbody>
            {known.map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{typeof value === "string" ? <Breakable text={value} /> : value}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {env.packages !== undefined && (
          <div>
            <div className="config-bar">
              <h2>Packages</h2>
              <input
                type="search"
                placeholder="Search packages"
                aria-label="Search packages"
                value={search}
                onChange={(event) => setSearch(event.currentTarget.value)}
              />
              <span className="muted">{plural(packages.length, "package")}</span>
            </div>
            <table className="facts is-scrolling">
              <tbody>
                {packages.slice(0, 1000).map(([name, version]) => (
                  <tr key={name}>
                    <th scope="row">
                      <Breakable text={name} />
                    </th>
                    <td>{version}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
      {env.gitDiff !== undefined && env.gitDiff !== "" && (
        <details>
          <summary>Changes that were not committed</summary>
          <pre className="git-diff">{env.gitDiff}</pre>
        </details>
      )}
    </section>
  );
}

/** Eight times the same name is a name and a number. */
function gpuText(gpus: readonly string[]): string {
  const kinds = [...new Set(gpus)];
  return kinds.map((kind) => `${gpus.filter((gpu) => gpu === kind).length} × ${kind}`).join(", ");
}

/** As a shell would need it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
