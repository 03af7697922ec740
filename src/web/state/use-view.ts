import { useCallback, useMemo, useRef } from "react";
import { useLocation, useSearch } from "wouter";
import { formatView, parseView, type View } from "./view.ts";

/** The page's state in the URL. Changing it replaces the entry, so that Back leaves the page and not a zoom. */
export function useView(): readonly [View, (change: View) => void] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const view = useMemo(() => parseView(search), [search]);
  const latest = useRef({ view, path });
  latest.current = { view, path };
  const update = useCallback(
    (change: View) => {
      const next = { ...latest.current.view, ...change };
      // Two changes in one event build on each other.
      latest.current = { ...latest.current, view: next };
      const text = formatView(next);
      navigate(text === "" ? latest.current.path : `${latest.current.path}?${text}`, { replace: true });
    },
    [navigate],
  );
  return [view, update];
}
