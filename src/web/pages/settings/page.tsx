import "./settings.css";
import { Skeleton, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { health, storage } from "../../data/queries.ts";
import { bytes, grouped } from "../../format/number.ts";
import { absolute, duration } from "../../format/time.ts";
import { Failure } from "../../widgets/failure.tsx";
import { usePageTitle } from "../../widgets/page-title.ts";

const schemes = [
  { value: "auto", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] as const;

export function SettingsPage() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  usePageTitle("Settings");
  return (
    <div className="settings-page">
      <h1>Settings</h1>
      <section>
        <h2>Appearance</h2>
        <div className="choices" role="group" aria-label="Colours">
          {schemes.map(({ value, label }) => (
            <button
              key={value}
              type="button"
              className="tool-toggle"
              aria-pressed={colorScheme === value}
              onClick={() => setColorScheme(value)}
            >
              {label}
            </button>
          ))}
        </div>
      </section>
      <Storage />
      <section>
        <h2>Access</h2>
        <p>
          {isLoopback(location.hostname)
            ? "This server listens on this machine only, so it asks for no token. To watch runs from elsewhere, start it with"
            : "This server is reached from other machines and asks for its token. Your browser keeps it in a cookie for this address; programs send it as LLMDBG_TOKEN. To change it, start the server again with"}{" "}
          <code>llmdbg serve --host 0.0.0.0 --token …</code>
        </p>
      </section>
      <Version />
    </div>
  );
}

const isLoopback = (name: string): boolean => name === "localhost" || name === "[::1]" || name.startsWith("127.");

function Storage() {
  const answer = useQuery(storage);
  if (answer.isError) return <Failure error={answer.error} retry={() => void answer.refetch()} />;
  const report = answer.data;
  if (report === undefined) return <Skeleton height={160} />;
  const largest = Math.max(1, ...report.tables.map((table) => table.bytes));
  return (
    <section>
      <h2>Storage</h2>
      <dl className="figures">
        <div>
          <dt>on disk</dt>
          <dd>{bytes(report.totalBytes)}</dd>
        </div>
        <div>
          <dt>free</dt>
          <dd>{bytes(report.freeBytes)}</dd>
        </div>
        <div>
          <dt>runs</dt>
          <dd>{grouped(report.runs)}</dd>
        </div>
        <div>
          <dt>points</dt>
          <dd>{grouped(report.points)}</dd>
        </div>
        <div>
          <dt>records</dt>
          <dd>{grouped(report.records)}</dd>
        </div>
        {report.points > 0 && (
          <div>
            <dt>a point</dt>
            <dd>{bytes(Number((report.totalBytes / report.points).toPrecision(3)))}</dd>
          </div>
        )}
      </dl>
      <p className="muted">
        in <code>{report.directory}</code>
      </p>
      {report.tables.length > 0 && (
        <table className="facts storage-tables">
          <thead>
            <tr>
              <th scope="col">table</th>
              <th scope="col">rows</th>
              <th scope="col">size</th>
              <th aria-hidden />
            </tr>
          </thead>
          <tbody>
            {report.tables.map((table) => (
              <tr key={table.name}>
                <th scope="row">{table.name}</th>
                <td>{grouped(table.rows)}</td>
                <td>{bytes(table.bytes)}</td>
                <td className="bar" aria-hidden>
                  <i style={{ width: `${(table.bytes / largest) * 100}%` }} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <h3>Incidents</h3>
      {report.incidents.length === 0 ? (
        <p className="muted">None since the server started: nothing had to be repaired.</p>
      ) : (
        <ul className="incidents">
          {report.incidents.map(({ time, what, keptFile }) => (
            <li key={`${time} ${what}`}>
              <time>{absolute(time)}</time> {what}
              {keptFile !== undefined && (
                <>
                  {" "}
                  The damaged file was kept: <code>{keptFile}</code>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Version() {
  const { data } = useQuery(health);
  return (
    <section>
      <h2>About</h2>
      <p>
        llmdbg {data?.version ?? ""}
        {data !== undefined && (
          <span className="muted">
            {" "}
            · server process {data.pid}, up for {duration(data.uptimeMs)}
          </span>
        )}
      </p>
      <p>
        <a href="/api/openapi.json">The API, as OpenAPI</a>
      </p>
      <p className="muted">Sends nothing anywhere.</p>
    </section>
  );
}
