import { Button } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useState } from "react";

/** Copies `text` and says so for two seconds. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [state, setState] = useState<"idle" | "copied" | "refused">("idle");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
    } catch {
      // The browser refuses outside of https and localhost; the text stays there to be selected.
      setState("refused");
    }
    setTimeout(() => setState("idle"), 2000);
  };
  const words = { idle: label, copied: "Copied", refused: "Select the text to copy it" }[state];
  return (
    <Button
      size="compact-sm"
      variant="default"
      leftSection={state === "copied" ? <IconCheck size={14} /> : <IconCopy size={14} />}
      onClick={() => void copy()}
      aria-live="polite"
    >
      {words}
    </Button>
  );
}
