import { useEffect, useRef } from "react";

/** All keys of all pages, for the help. */
export const keyHelp: readonly (readonly [keys: string, does: string])[] = [
  ["/", "Search"],
  ["j / k", "Next and previous run or finding"],
  ["Enter", "Open the marked run or finding"],
  ["x", "Select the marked run"],
  ["c", "Compare the selected runs"],
  ["f", "Fit: show the whole run"],
  ["s", "Smoothing on and off"],
  ["l", "Logarithmic y axis"],
  ["← / →", "Move the cursor of a focused curve"],
  ["Shift + drag", "Pan the curves"],
  ["Esc", "Close what is open"],
  ["Ctrl K", "Go to a page or run"],
  ["?", "All keys"],
];

export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Single keys, as `KeyboardEvent.key` names them; silent while a person types or a dialog is open. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const { target } = event;
      const typing =
        target instanceof HTMLElement &&
        (target.isContentEditable || target.matches("input:not([type=checkbox]):not([type=range]), textarea, select"));
      if (typing || document.querySelector('[role="dialog"]') !== null) return;
      const act = Object.hasOwn(latest.current, event.key) ? latest.current[event.key] : undefined;
      if (act === undefined) return;
      // Enter and space belong to the control that has the focus.
      if (event.key === "Enter" && target instanceof HTMLElement && target.closest("button, a, summary") !== null)
        return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}
