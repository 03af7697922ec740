/** Names of how fast a run goes and what it waits for. They are told by their words, in either order. */
import { wordsOf } from "./words.ts";

const step = "(steps?|its?|iters?|iterations?|batch(es)?|updates?)";
const item =
  "(tokens?|toks?|samples?|examples?|images?|imgs?|frames?|words?|sequences?|seqs?|items?|rows?|records?|pairs?|sentences?|sents?|docs?|graphs?|nodes?|pixels?)";
const second = "(s|secs?|seconds?)";
const unit = "( (in )?(s|secs?|seconds?|ms|msecs?|milliseconds?|us))?";
/** Groups that trackers put times under. */
const group =
  "((time|timing|timer|timers|perf|performance|profile|profiler|speed|throughput|device|trainer|rank|metrics|time metrics|timing s|local|global) )*";
/** A running average since the start hides every change; estimates and totals are no pace. */
const notPace = /(^| )(running|actual|remaining|eta|estimate|best|max|min|std|total tokens|flops|gen|eval)( |$)/;

const stepTimes = new RegExp(
  `^${group}(train |avg |average |mean |per )?(${step} (time|timing|duration|latency|wall|cost)|(avg |average |mean |total )?time( per)? ${step}|elapsed time per ${step}|` +
    `(total )?${step} time( total)?|${step} total|(step|iter|iteration|batch|it) (ms|seconds|t)|(${second}|ms|msecs?|milliseconds?)( per)? ${step}|end to end)${unit}$`,
);
/** Under a group of times, the step alone: `timing_s/step`, `time/step`, `perf/step`. */
const groupedStep = new RegExp(`^(time|timing|timer|timing s|time s)( total)? ${step}$`);
/** What a line of one iteration prints: nanoGPT `dt`, llm.c `ms`. `time` is as often the time since the start. */
const bareTimes = /^(dt|ms)( (s|sec|ms|seconds))?$/;

/** 0 for a time that says of what, 1 for one that says nothing else. */
export function stepTimeRank(name: string): number | undefined {
  const { full } = wordsOf(name);
  if (notPace.test(full)) return undefined;
  if (stepTimes.test(full) || groupedStep.test(full)) return 0;
  return bareTimes.test(full) ? 1 : undefined;
}

const epochTimes =
  /^((time|timing|train|training) )*(epoch (time|duration|secs?|seconds?)|(time|duration|secs?|seconds?)( per)? epoch)( (s|secs?|seconds?|min|mins|minutes|ms))?$/;
/** What an epoch took: of as many steps each, so that it tells a pace as well. */
export const isEpochTime = (name: string): boolean => {
  const { full } = wordsOf(name);
  return !notPace.test(full) && epochTimes.test(full);
};

const stepRates = new RegExp(
  `^${group}((train )?(speed|rate) )?${step}( per)? ${second}$|^(${step} )?speed$|^(device )?bps$`,
);
export const isStepRate = (name: string): boolean => {
  const { full } = wordsOf(name);
  return !notPace.test(full) && stepRates.test(full);
};

const batchSizes =
  /^(((optim|optimizer|trainer|data|perf|stats|metrics) )?((global|total|effective|current|curr|cur|actual|real|mini) )*(batch|minibatch) ?size( (samples|sequences|examples|tokens))?|batchsize|(global )?bs|gbs)$/;
/** How much one step works on. */
export const isBatchSize = (name: string): boolean => batchSizes.test(wordsOf(name).full);

const itemRates = new RegExp(
  `^${group}((curr|current|global|local|train|total) )*(${item}( per)? ${second}|tps|wps|ups|ips|fps|tgs|qps|throughput( tps)?)( (per )?(gpu|device|worker|rank|chip|thread))?$`,
);
export const isThroughput = (name: string): boolean => {
  const { full } = wordsOf(name);
  return !notPace.test(full) && itemRates.test(full);
};

/** Where batches come from, and what a step does until it has one. */
const source =
  "(data|dataloader|dataloading|loader|reader|inputs?|batch(es)?|features?|samples?|dataset|input pipeline|io|disk|storage|queue)";
const act =
  "(load|loading|loads|fetch|fetching|read|reading|wait|waiting|get|next|generator|gen|prefetch|feed|preparation|prep|stall|stalled|idle|collate|decode|pipeline)";
const timeWord = "(time|times|timing|latency|duration|wall)";
const dataTimes = [
  // data_time, dataloader_time, input_wait, batch-generator, load_time, read_time, fetch time, io_wait
  new RegExp(`^${group}(avg |mean )?(${source} )?${act}( for)?( ${source})?( ${act})?( ${timeWord})?${unit}$`),
  new RegExp(
    `^${group}(avg |mean )?(data|dataloader|dataloading|loader|reader|input|inputs|io|input pipeline)( t)?( ${timeWord}| cost)${unit}$`,
  ),
  // timing_s/data, data loading (s), Data (t), timm's and ultralytics' `data`
  new RegExp(
    `^${group}(data|dataloader|dataloading|load data|get batch|next batch|batch generator|wait for (data|batch)|dataload(er|ing) next)( t)?${unit}$`,
  ),
  new RegExp(
    `^${group}${timeWord} (data|dataloader|dataloading|loading|${act} (data|batch)|loader|fetch|read|reading|input|io|wait for (batch|data))${unit}$`,
  ),
];
/** One word that names no time and no data is anything: `load` of an expert, `wait`, `read`, `get`. */
const single =
  /^(load|loading|read|reading|wait|waiting|get|next|gen|generator|feed|idle|stall|stalled|decode|pipeline|fetch|queue|features?|samples?|batch|input|inputs)$/;
/** Loading of a checkpoint or a model, and the generation of completions, are no wait for a batch. */
const notData =
  /(^| )(checkpoint|ckpt|model|weights|save|eval|balance|balancing|size|count|num|tokens|len|length|loss|next token|gen time|timing s gen|generator loss|gpu|cpu|power|memory)( |$)|^(time |timing |timing s |timing )?gen( time)?$/;
const shareWord = /(^| )(%|pct|percent|share|fraction|frac|ratio)$/;

export function isDataTime(name: string): boolean {
  const { full } = wordsOf(name);
  if (shareWord.test(full) || notData.test(full) || single.test(full)) return false;
  return dataTimes.some((pattern) => pattern.test(full));
}

/** The same as a share of the step, in percent or from 0 to 1. */
export function isDataShare(name: string): boolean {
  const { full } = wordsOf(name);
  const part = full.replace(shareWord, "");
  return (
    part !== full &&
    !notData.test(full) &&
    (/^(data|input|dataloader)$/.test(part) || dataTimes.some((one) => one.test(part)))
  );
}
