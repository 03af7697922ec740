import { useRef, type KeyboardEvent, type ReactNode } from "react";
import type { View } from "../../state/view.ts";

type Tab = NonNullable<View["tab"]>;

const tabs: readonly (readonly [Tab, string])[] = [
  ["curves", "Curves"],
  ["layers", "Layers"],
  ["log", "Log"],
  ["config", "Configuration"],
  ["about", "About"],
];

/** So far down the window, what a tab opens would be out of sight. */
const lowShare = 0.5;

/** The parts of a run. `children` are the tools of the open one. */
export function Tabs({
  tab,
  hasLayers,
  open,
  children,
}: {
  tab: Tab;
  hasLayers: boolean;
  open: (tab: Tab) => void;
  children: ReactNode;
}) {
  const bar = useRef<HTMLDivElement>(null);
  const shown = tabs.filter(([key]) => key !== "layers" || hasLayers);
  const choose = (key: Tab): void => {
    open(key);
    const element = bar.current;
    if (element !== null && element.getBoundingClientRect().top > window.innerHeight * lowShare)
      element.scrollIntoView({ block: "start" });
  };
  const pressed = (event: KeyboardEvent<HTMLDivElement>): void => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    // The log is a tab on narrow screens only.
    const buttons = [...event.currentTarget.querySelectorAll("button")].filter((one) => one.offsetParent !== null);
    const at = buttons.findIndex((one) => one === document.activeElement);
    const next = buttons[(at + by + buttons.length) % buttons.length];
    next?.focus();
    next?.click();
  };
  return (
    <div className="run-tabs" ref={bar}>
      <div className="tab-list" role="tablist" aria-label="Parts of the run" onKeyDown={pressed}>
        {shown.map(([key, word]) => (
          <button
            key={key}
            type="button"
            role="tab"
            className={`tab-${key}`}
            aria-selected={tab === key}
            tabIndex={tab === key || (tab === "log" && key === "curves") ? 0 : -1}
            onClick={() => choose(key)}
          >
            {word}
          </button>
        ))}
      </div>
      {children}
    </div>
  );
}
