import { runPython } from '../../../../tools/python/run.mjs'

const program = `
import base64, json, struct, sys
import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator as PluginEventAccumulator
from tensorboard.compat.proto import event_pb2
from tensorboard.util import tensor_util
import glob, os

folder = sys.stdin.read()
encoded = lambda data: base64.b64encode(data).decode()

def element(value):
    return encoded(value) if isinstance(value, bytes) else struct.pack('<d', value).hex()

def points(accumulator, tag):
    answer = []
    for point in accumulator.Tensors(tag):
        array = tensor_util.make_ndarray(point.tensor_proto)
        answer.append({'step': str(point.step), 'time': point.wall_time, 'type': str(array.dtype), 'shape': array.shape, 'elements': [element(value) for value in array.reshape(-1).tolist()]})
    return answer

accumulator = EventAccumulator(folder, size_guidance={'tensors': 0, 'scalars': 0})
accumulator.Reload()
web = PluginEventAccumulator(folder, size_guidance={'tensors': 0}, tensor_size_guidance={'scalars': 0, 'text': 0, 'images': 0, 'histograms': 0})
web.Reload()
raw = []
for path in sorted(glob.glob(os.path.join(glob.escape(folder), '*tfevents*'))):
    raw.append([str(event_pb2.Event.FromString(data).step) for data in RawEventFileLoader(path).Load()])
names = lambda tags: {encoded(tag.encode('utf-8', 'surrogatepass')): tag for tag in tags}
print(json.dumps({
    'scalars': {name: [{'step': str(point.step), 'time': point.wall_time, 'bits': struct.pack('<f', point.value).hex()} for point in accumulator.Scalars(tag)] for name, tag in names(accumulator.Tags()['scalars']).items()},
    'tensors': {name: points(accumulator, tag) for name, tag in names(accumulator.Tags()['tensors']).items()},
    'web': {name: points(web, tag) for name, tag in names(web.Tags()['tensors']).items()},
    'plugins': {name: accumulator.SummaryMetadata(tag).plugin_data.plugin_name for name, tag in names(accumulator.Tags()['tensors']).items()},
    'raw': raw,
}))`

interface TensorPoint {
  readonly step: string
  readonly time: number
  readonly type: string
  readonly shape: readonly number[]
  /** Numbers as the bytes of a 64-bit float in hexadecimal, strings as base64. */
  readonly elements: readonly string[]
}

/** What TensorBoard's readers in Python, which verify every checksum, find in a run. Tags are base64 of UTF-8. */
export interface PythonRun {
  /** By `EventAccumulator`; values as the bytes of a 32-bit float in hexadecimal. */
  readonly scalars: { readonly [tag: string]: readonly { readonly step: string; readonly time: number; readonly bits: string }[] }
  readonly tensors: { readonly [tag: string]: readonly TensorPoint[] }
  readonly plugins: { readonly [tag: string]: string }
  /** By the accumulator behind the web pages of the Python loader, where all values are tensors. */
  readonly web: { readonly [tag: string]: readonly TensorPoint[] }
  /** The steps of all events of each file, by `RawEventFileLoader`. */
  readonly raw: readonly (readonly string[])[]
}

export function readWithPython(folder: string): PythonRun {
  return runPython(program, Buffer.from(folder)) as PythonRun
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64')

export function float32Bits(value: number): string {
  return Buffer.from(Float32Array.of(value).buffer).toString('hex')
}

export function float64Bits(value: number): string {
  return Buffer.from(Float64Array.of(value).buffer).toString('hex')
}

/** Decodes PNG files with Pillow: mode, size and pixels of each. */
export function decodeWithPillow(images: readonly Uint8Array[]): readonly { readonly mode: string; readonly size: readonly number[]; readonly pixels: readonly number[] }[] {
  const input = JSON.stringify(images.map((image) => Buffer.from(image).toString('base64')))
  return runPython(
    `
import base64, io, json, sys
from PIL import Image
images = [Image.open(io.BytesIO(base64.b64decode(data))) for data in json.load(sys.stdin)]
print(json.dumps([{'mode': image.mode, 'size': image.size, 'pixels': list(image.tobytes())} for image in images]))`,
    Buffer.from(input),
  ) as ReturnType<typeof decodeWithPillow>
}

/** The messages of the HParams plugin in a run, by tag, as protobuf's JSON with its own names. */
export function hparamsWithPython(folder: string): unknown {
  return runPython(
    `
import json, sys
from google.protobuf.json_format import MessageToDict
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
accumulator = EventAccumulator(sys.stdin.read())
accumulator.Reload()
print(json.dumps({tag: MessageToDict(plugin_data_pb2.HParamsPluginData.FromString(content), preserving_proto_field_name=True) for tag, content in accumulator.PluginTagToContent('hparams').items()}))`,
    Buffer.from(folder),
  )
}

/** Writes events with the writer that TensorBoard brings for Python, which is also PyTorch's. */
export function writeWithPython(folder: string, lines: string): void {
  runPython(`
import sys
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util
import numpy as np
writer = EventFileWriter(sys.stdin.read())
def add(step, **value):
    metadata = summary_pb2.SummaryMetadata()
    metadata.plugin_data.plugin_name = value.pop('plugin', '')
    if metadata.plugin_data.plugin_name:
        value['metadata'] = metadata
    writer.add_event(event_pb2.Event(wall_time=1700000000.5, step=step, summary=summary_pb2.Summary(value=[summary_pb2.Summary.Value(**value)])))
${lines}
writer.close()
print('{}')`, Buffer.from(folder))
}
