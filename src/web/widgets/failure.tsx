import { Button } from "@mantine/core";
import { messageOf } from "../../base/errors.ts";
import { SeverityMark } from "./severity-mark.tsx";

/** What went wrong, and the way out. */
export function Failure({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <div className="failure" role="alert">
      <SeverityMark verdict="error" size={14} />
      <p>{messageOf(error)}</p>
      <Button size="compact-sm" variant="default" onClick={retry}>
        Try again
      </Button>
    </div>
  );
}
