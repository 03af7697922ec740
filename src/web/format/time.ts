const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A duration in its two largest units: `3 min 12 s`, `2 h 05 min`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  const two = (n: number): string => String(n).padStart(2, "0");
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min ${two(Math.floor((ms % minute) / second))} s`;
  if (ms < day) return `${Math.floor(ms / hour)} h ${two(Math.floor((ms % hour) / minute))} min`;
  return `${Math.floor(ms / day)} d ${two(Math.floor((ms % day) / hour))} h`;
}

/** How long ago: `just now`, `5 min ago`, `3 d ago`. */
export function ago(time: number, now: number): string {
  const age = now - time;
  if (age < 10 * second) return "just now";
  if (age < minute) return `${Math.floor(age / second)} s ago`;
  if (age < hour) return `${Math.floor(age / minute)} min ago`;
  if (age < day) return `${Math.floor(age / hour)} h ago`;
  if (age < 60 * day) return `${Math.floor(age / day)} d ago`;
  return absolute(time).slice(0, 10);
}

/** Local date and time, sortable: `2026-03-01 14:05:09`. */
export function absolute(time: number): string {
  const d = new Date(time);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clock(time)}`;
}

/** Local time of day: `14:05:09`. */
export function clock(time: number): string {
  const d = new Date(time);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

/** Time since a run's start, for the log and the axis: `0:03`, `12:40`, `1:02:40`. */
export function elapsed(ms: number): string {
  const sign = ms < 0 ? "\u2212" : "";
  const total = Math.floor(Math.abs(ms) / 1000);
  const two = (n: number): string => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return `${sign}${h > 0 ? `${h}:${two(m)}` : m}:${two(s)}`;
}
