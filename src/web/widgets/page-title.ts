import { useEffect } from "react";

/** What the browser's tab says: the page first, because tabs are narrow. */
export function usePageTitle(words: string | undefined): void {
  useEffect(() => {
    document.title = words === undefined ? "llmdbg" : `${words} · llmdbg`;
    return () => {
      document.title = "llmdbg";
    };
  }, [words]);
}
