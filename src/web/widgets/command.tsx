import { Breakable } from "./breakable.tsx";
import { CopyButton } from "./copy-button.tsx";

/** A command to type, ready to copy. */
export function Command({ text }: { text: string }) {
  return (
    <div className="command">
      <code>
        <Breakable text={text} />
      </code>
      <CopyButton text={text} />
    </div>
  );
}
