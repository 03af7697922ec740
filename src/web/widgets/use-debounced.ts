import { useEffect, useState } from "react";

/** The text as it was when nobody had typed for so long: a request for each letter would only be thrown away. */
export function useDebounced(text: string, ms: number): string {
  const [value, setValue] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setValue(text), ms);
    return () => clearTimeout(timer);
  }, [text, ms]);
  return value;
}
