/** What children get of the environment: what programs, libraries and drivers are found with, and nothing secret. */
const allowedVariables = [
  'PATH', 'HOME', 'USERPROFILE', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'TMPDIR', 'TEMP', 'TMP', 'LANG', 'LC_ALL', 'TZ',
  'SystemRoot', 'SystemDrive', 'windir', 'CUDA_PATH', 'CUDA_HOME', 'VK_ICD_FILENAMES', 'VK_DRIVER_FILES', 'NODE_EXTRA_CA_CERTS', 'NO_COLOR', 'FORCE_COLOR',
] as const

/** Set in every thread and child process, so that what runs there starts none of its own. */
export const runnerVariable = 'ATTUNE_RUNNER'

/** How many libraries each take a number of threads from. */
const threadVariables = ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'VECLIB_MAXIMUM_THREADS', 'NUMEXPR_NUM_THREADS', 'TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS'] as const

export type Variables = { readonly [name: string]: string }

/** Numbers of threads for the usual libraries, and `ATTUNE_CPUS` for a trainer that sets its own. */
export function threadCounts(cpus: number): Variables {
  const threads = String(Math.max(1, Math.floor(cpus)))
  // Node's own pool reads files too: one thread would make them wait for a computation.
  return { ATTUNE_CPUS: String(cpus), UV_THREADPOOL_SIZE: String(Math.max(2, Math.floor(cpus))), ...Object.fromEntries(threadVariables.map((name) => [name, threads])) }
}

/** The environment of a child: allowed variables of ours, those of its slot, those that the user gives. */
export function childEnvironment(slot: Variables, given: Variables): Variables {
  const allowed = allowedVariables.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]] as const]))
  return { ...Object.fromEntries(allowed), ...slot, ...given, [runnerVariable]: '1' }
}

/** Flags of Node that decide how modules are found and loaded. */
const inheritedFlags = /^(--conditions|-C|--import|--require|-r|--loader|--experimental-loader|--experimental-strip-types|--experimental-transform-types|--no-experimental-strip-types|--enable-source-maps|--preserve-symlinks|--disable-warning|--no-warnings)(=|$)/
const takesValue = /^(--conditions|-C|--import|--require|-r|--loader|--experimental-loader|--disable-warning)$/

/** Flags for a child: those of this process that its modules may need, wherever it was given them. Not those of a debugger, whose port is taken. */
export function inheritedNodeOptions(options: readonly string[] = [...wordsOf(process.env['NODE_OPTIONS'] ?? ''), ...process.execArgv]): readonly string[] {
  return options.filter((option, i) => inheritedFlags.test(option) || (i > 0 && takesValue.test(options[i - 1]!)))
}

/** What NODE_OPTIONS holds, as Node takes it apart: words between spaces, with double quotes around spaces and a backslash before a quote within. */
function wordsOf(text: string): readonly string[] {
  return (text.match(/(?:"(?:\\.|[^"\\])*"|[^ "])+/g) ?? []).map((word) => word.replaceAll(/"((?:\\.|[^"\\])*)"/g, (_, quoted: string) => quoted.replaceAll(/\\(.)/g, '$1')))
}
