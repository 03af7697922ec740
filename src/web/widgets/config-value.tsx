import { useState } from "react";
import type { Scalar } from "../../model/config.ts";
import { scalarText } from "../format/change.ts";
import { Breakable } from "./breakable.tsx";

/** A prompt or a list of files fills a screen; its beginning tells which one it is. */
const shownLetters = 240;

/** One setting. A very long one is folded to its beginning. */
export function ConfigValue({ value }: { value: Scalar | undefined }) {
  const [all, setAll] = useState(false);
  if (value === undefined) return <span className="muted">not set</span>;
  const text = scalarText(value);
  if (text.length <= shownLetters || all) return <Breakable text={text} />;
  return (
    <>
      <Breakable text={text.slice(0, shownLetters)} />…{" "}
      <button type="button" className="link" onClick={() => setAll(true)}>
        all {text.length} characters
      </button>
    </>
  );
}
