import { Modal, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState, type KeyboardEvent } from "react";
import { useLocation } from "wouter";
import { allRuns } from "../data/queries.ts";
import { pages } from "../pages/index.ts";
import { SeverityMark } from "./severity-mark.tsx";

interface Item {
  readonly key: string;
  readonly label: string;
  readonly hint: string;
  readonly verdict?: "error" | "warning" | "info" | undefined;
  act(): void;
}

const maxItems = 12;

/** Ctrl-K: go to a page or run, or do what has no place of its own. */
export function Palette({ opened, setOpened }: { opened: boolean; setOpened: (opened: boolean) => void }) {
  useEffect(() => {
    const pressed = (event: globalThis.KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setOpened(true);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [setOpened]);
  return (
    <Modal
      opened={opened}
      onClose={() => setOpened(false)}
      withCloseButton={false}
      padding={0}
      size="lg"
      yOffset="12vh"
      aria-label="Go to"
    >
      <PaletteBody close={() => setOpened(false)} />
    </Modal>
  );
}

function PaletteBody({ close }: { close: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const items = useItems(text).slice(0, maxItems);
  const choose = (item: Item | undefined): void => {
    if (item === undefined) return;
    close();
    item.act();
  };
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") setAt(Math.min(items.length - 1, at + 1));
    else if (event.key === "ArrowUp") setAt(Math.max(0, at - 1));
    else if (event.key === "Enter") choose(items[at]);
    else return;
    event.preventDefault();
  };
  return (
    <div className="palette" onKeyDown={pressed}>
      <input
        data-autofocus
        placeholder="Page or run"
        aria-label="Page or run"
        role="combobox"
        aria-expanded
        aria-controls="palette-items"
        aria-activedescendant={items[at] === undefined ? undefined : `palette-${at}`}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
      />
      <ul id="palette-items" role="listbox" aria-label="Results">
        {items.map((item, i) => (
          <li
            key={item.key}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === at}
            onMouseMove={() => setAt(i)}
            onClick={() => choose(item)}
          >
            {item.verdict !== undefined && <SeverityMark verdict={item.verdict} />}
            <span>{item.label}</span>
            <small>{item.hint}</small>
          </li>
        ))}
        {items.length === 0 && <li className="palette-none">Nothing of that name</li>}
      </ul>
    </div>
  );
}

function useItems(text: string): Item[] {
  const [, navigate] = useLocation();
  const { setColorScheme } = useMantineColorScheme();
  const runs = useQuery(allRuns).data?.runs ?? [];
  const words = text.toLowerCase().split(/\s+/);
  const fits = (haystack: string): boolean => words.every((word) => haystack.toLowerCase().includes(word));
  const fixed: Item[] = [
    ...pages.flatMap(({ id, nav, route }) =>
      nav === undefined ? [] : [{ key: id, label: nav, hint: "page", act: () => navigate(route) }],
    ),
    ...(["light", "dark", "auto"] as const).map((scheme) => ({
      key: `scheme-${scheme}`,
      label: `Colours: ${scheme}`,
      hint: "setting",
      act: () => setColorScheme(scheme),
    })),
  ];
  const found: Item[] = [];
  for (const run of runs) {
    if (found.length >= maxItems) break;
    if (!fits(`${run.name} ${run.project} ${run.id}`)) continue;
    found.push({
      key: `run ${run.id}`,
      label: run.name,
      hint: `${run.project} · ${run.status}`,
      verdict: run.verdict ?? undefined,
      act: () => navigate(`/runs/${encodeURIComponent(run.id)}`),
    });
  }
  const matching = fixed.filter(({ label }) => fits(label));
  return text === "" ? [...matching.slice(0, 3), ...found] : [...found, ...matching].slice(0, maxItems);
}
