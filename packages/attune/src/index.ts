export {
  AttuneError, InProcessExecutor, MemoryArtifacts, MemoryStorage, Space, Study, StudyHistory, ThreefryRandom, Trial, afterTime, afterTrials, allOf,
  anonymousHost, anyOf, atLeast, atMost, boolean, choice, claimName, collectGarbage, constant, constraint, copyStudy, decodeJson, deleteStudy, encodeJson, exp, float, int,
  isAttuneError, linear, listStudies, loadStudy, log, logNormal, maximize, mergeStudies, minimize, nearestName, noProgress, normal, normalCdf, normalQuantile, oneOf, ordinal,
  random, redefined, renameStudy, repeat, requeueCopied, space, systemClock, targetReached, threefry4x32, tokens, trainingInputs, transition,
} from '@attune/core'
export type {
  Amendment, Artifact, ArtifactClaim, ArtifactEntry, ArtifactOptions, ArtifactReference, ArtifactStore, Awaitable, BeingCopied, Branches, Change, ChangeBody, Checkpoint, Clock, CompleteTrial, Condition, Constraint, Copying, CorrectionOptions, CreateOperation,
  Curve, Definition, Dimension, DuplicatePolicy, EvaluateContext, Evaluator, Execution, Executor, Exhausted, Explanation, ExtendOptions, Failure, FailureReason, FlatParams, FunctionConstraint, GarbageOptions, GarbageResult, Heads, History, HistoryEntry,
  Host, Json, JudgeContext, KeepAlive, KeepPolicy, Leaf, LeafDimension, LeaseRequest, LevelLeaf, LinearConstraint, Logger, LoggerContext, LoggerFactory, LoggerView, MemoryArtifactsOptions, MergeOptions, MergeResult, Merging, Metrics, Module, ModuleReference, NextContext, NextTrial, NumberLeaf,
  NumberOptions, Objective, ObjectiveFunction, ObjectiveOptions, ObjectiveResult, OneOf, Operation, OptimizeOptions, OptimizeResult, Outcome,
  OutcomeBound, OutcomeConstraint, Params, Predictor, Prior, Problem, Pruner, PrunerFactory, Random, RandomSource, RandomStream, Refusal, Registry, Repeat,
  Renaming, Report, RetryPolicy, Revision, Rows, Sampler, SamplerFactory, Scalar, SearchSpace, ServicesOf, SessionNews, SessionPhase, SpaceConstraint, SpaceInput, SpaceNode, SpaceOptions, StepColumn, StepReport,
  StopContext, StopRule, Storage, StorageFactory, StoredArtifact, StudyDefinition, StudyEvent, StudyReference, StudySummary, SuggestContext, Suggestion, SuggestionTrace, TableRow,
  Token, Trainer, TrainerTrial, TrainingInput, TrainingResult, Transition, TrialArtifact, TrialHead, TrialOrigin, TrialRecord, TrialState, Verdict, Wait, Worker, WriteRequest, WriteResult,
} from '@attune/core'
export {
  automatic, directoryArtifacts, fromModule, jsonl, nodeHost, processes, progress, threads,
  type AllowOption, type DirectoryArtifactsOptions, type Environment, type JsonlOptions, type JsonlRotation, type ModuleOptions, type ModuleParams, type ModuleTrial, type PerTrial, type ProcessesOptions, type ProgressOptions, type ProgressStream, type SlotOptions, type ThreadsOptions,
} from '@attune/node'
export { asha, median, none, percentile, type AshaOptions, type PercentileOptions } from '@attune/pruners'
export {
  csv, htmlReport, markdownTable, readStudy, table,
  type Column, type ColumnGroup, type CsvOptions, type Fact, type HtmlReportOptions, type MarkdownTableOptions, type ReadableStudy, type StudyData, type StudyTable, type StudyWarning,
} from '@attune/report'
export { auto, annealing, blend, cmaEs, differentialEvolution, exhaustive, fixed, forest, gp, grid, hypervolume, hypervolumeContributions, limitConcurrency, nsgaII, nsgaIII, quasiRandom, restricted, startingFrom, tpe, type AnnealingOptions, type BlendArm, type CmaEsOptions, type Crossover, type DifferentialEvolutionOptions, type ExhaustiveOptions, type ForestOptions, type GpOptions, type GridOptions, type GridPoints, type NsgaIIIOptions, type NsgaOptions, type QuasiRandomOptions, type Restriction, type Restrictions, type TpeOptions } from '@attune/samplers'
export { sqlite, SqliteStorage, type SqliteOptions } from '@attune/storage'
export { runWorker, type WorkerOptions, type WorkerResult } from '@attune/cli'
export { createStudy, type StudyOptions } from './create-study.ts'
export { tune, type TunedParams, type TuneOptions } from './tune.ts'
