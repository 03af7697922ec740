import type { RunStatus } from "../../model/run.ts";

const title: Readonly<Record<RunStatus, string>> = {
  running: "Reporting now",
  finished: "Ended by itself with exit status 0",
  failed: "Ended by itself with another exit status than 0",
  crashed: "Ended with an exception or a signal",
  lost: "Stopped reporting without saying that it ended",
};

export const StatusWord = ({ status }: { status: RunStatus }) => (
  <span className={`status-word is-${status}`} title={title[status]}>
    {status === "running" && <i aria-hidden />}
    {status}
  </span>
);
