import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { cpus, freemem, totalmem } from "node:os";
import type { SeriesPoints } from "../../model/series.ts";

/** Use of the machine changes slowly; the sampling itself must stay invisible beside the training. */
const periodMs = 5000;
const pageBytes = 4096;

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Samples CPU, memory and GPUs every few seconds as series `system/...`. Their step is the number of whole
 * seconds since the start: system use has no training step, and charts put it on the time axis.
 */
export function sampleSystem(pid: number, startedAt: number, on: (series: SeriesPoints[]) => void): () => void {
  let before = cpuTimes();
  let hasGpu = true;
  let busy = false;
  let lastStep = -1;
  const sample = async (): Promise<void> => {
    const now = Date.now();
    const after = cpuTimes();
    const samples: Sample[] = [
      {
        name: "system/cpu_percent",
        labels: {},
        value: (100 * (after.busy - before.busy)) / Math.max(1, after.all - before.all),
      },
      { name: "system/memory_bytes", labels: {}, value: await memoryUsed() },
    ];
    before = after;
    const tree = await treeMemory(pid);
    if (tree !== undefined) samples.push({ name: "system/process_memory_bytes", labels: {}, value: tree });
    if (hasGpu) {
      const gpus = await gpuSamples();
      hasGpu = gpus !== undefined;
      samples.push(...(gpus ?? []));
    }
    const step = Math.max(lastStep + 1, Math.round((now - startedAt) / 1000));
    lastStep = step;
    on(
      samples.map(({ name, labels, value }) => ({
        name,
        labels,
        step: Float64Array.of(step),
        time: Float64Array.of(now),
        value: Float64Array.of(value),
      })),
    );
  };
  const tick = (): void => {
    if (busy) return;
    busy = true;
    void sample().finally(() => {
      busy = false;
    });
  };
  const first = setTimeout(tick, 1000).unref();
  const timer = setInterval(tick, periodMs).unref();
  return () => {
    clearTimeout(first);
    clearInterval(timer);
  };
}

function cpuTimes(): { busy: number; all: number } {
  let busy = 0;
  let all = 0;
  for (const { times } of cpus()) {
    const sum = times.user + times.nice + times.sys + times.irq;
    busy += sum;
    all += sum + times.idle;
  }
  return { busy, all };
}

/** Without what the kernel would give back at once, where it says so. */
async function memoryUsed(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1];
  return totalmem() - (available === undefined ? freemem() : Number(available) * 1024);
}

/** Resident memory of a process and all its descendants. Shared pages count once in each. */
async function treeMemory(root: number): Promise<number | undefined> {
  const processes = process.platform === "linux" ? await fromProc() : await fromPs();
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of processes) children.set(parent, [...(children.get(parent) ?? []), pid]);
  if (!processes.has(root)) return undefined;
  let bytes = 0;
  const queue = [root];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    bytes += processes.get(pid)?.bytes ?? 0;
    queue.push(...(children.get(pid) ?? []));
  }
  return bytes;
}

type Processes = Map<number, { readonly parent: number; readonly bytes: number }>;

async function fromProc(): Promise<Processes> {
  const processes: Processes = new Map();
  const names = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const name of names) {
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [, parent] = fields;
    const pages = fields[21];
    if (parent !== undefined && pages !== undefined)
      processes.set(Number(name), { parent: Number(parent), bytes: Number(pages) * pageBytes });
  }
  return processes;
}

async function fromPs(): Promise<Processes> {
  const text = await output("ps", ["-axo", "pid=,ppid=,rss="]);
  const processes: Processes = new Map();
  for (const line of (text ?? "").trim().split("\n")) {
    const [pid, parent, kilobytes] = line.trim().split(/\s+/).map(Number);
    if (pid !== undefined && parent !== undefined && kilobytes !== undefined)
      processes.set(pid, { parent, bytes: kilobytes * 1024 });
  }
  return processes;
}

const gpuFields = [
  ["utilization.gpu", "system/gpu_utilisation", 1],
  ["memory.used", "system/gpu_memory_bytes", 1024 * 1024],
  ["power.draw", "system/gpu_power_watts", 1],
  ["temperature.gpu", "system/gpu_temperature_celsius", 1],
] as const;

/** Undefined when there is no nvidia-smi: then it is not asked again. */
async function gpuSamples(): Promise<Sample[] | undefined> {
  const query = `--query-gpu=index,${gpuFields.map(([field]) => field).join(",")}`;
  const text = await output("nvidia-smi", [query, "--format=csv,noheader,nounits"]);
  if (text === undefined) return undefined;
  return text
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [gpu = "", ...values] = line.split(",").map((cell) => cell.trim());
      return gpuFields.flatMap(([, name, unit], i) => {
        const value = Number(values[i]);
        // "[N/A]" for what a card does not measure.
        return Number.isFinite(value) && values[i] !== "" ? [{ name, labels: { gpu }, value: value * unit }] : [];
      });
    });
}

async function output(command: string, args: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 4000 }, (error, stdout) => resolve(error === null ? stdout : undefined));
  });
}
