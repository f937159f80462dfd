import { parseArgs } from 'node:util'
import { buildBinding } from './build.ts'
import { Problem } from './problem.ts'

const USAGE = `Builds @tensorflow/tfjs-node against a TensorFlow that pip installed (Linux).

  npm install --ignore-scripts @tensorflow/tfjs-node@4.22.0
  python3 -m venv tensorflow && tensorflow/bin/pip install tensorflow-cpu      # NVIDIA cards: "tensorflow[and-cuda]"
  npx attune-tfjs-node --tensorflow tensorflow/bin/python

  --tensorflow <path>    a Python that has TensorFlow, or its site-packages folder (python3)
  --package <name>       @tensorflow/tfjs-node (the default) or @tensorflow/tfjs-node-gpu
  --node-headers <path>  the folder with node_api.h, where it is not found
  --compiler <command>   the C++ compiler (CXX, or g++)
  --if-missing           keep a binding to that TensorFlow, if it loads
  --help
`

/** What `attune-tfjs-node` does; answers with the exit code: 0, 1 where something is missing, 2 for wrong arguments. */
export function runTfjsNodeBuild(args: readonly string[], print: (text: string) => void = (text) => process.stdout.write(text), complain: (text: string) => void = (text) => process.stderr.write(text)): number {
  let options
  try {
    options = parseArgs({
      args: [...args],
      options: {
        tensorflow: { type: 'string', default: 'python3' },
        package: { type: 'string', default: '@tensorflow/tfjs-node' },
        'node-headers': { type: 'string' },
        compiler: { type: 'string' },
        'if-missing': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    complain(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    return 2
  }
  if (options.help) {
    print(USAGE)
    return 0
  }
  try {
    buildBinding({
      tensorflow: options.tensorflow,
      packageName: options.package,
      from: process.cwd(),
      nodeHeaders: options['node-headers'],
      compiler: options.compiler ?? process.env['CXX'],
      ifMissing: options['if-missing'],
      say: (line) => print(`${line}\n`),
    })
    return 0
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    complain(`${error.message}\n`)
    return 1
  }
}
