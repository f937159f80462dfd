/** A model's answer that cannot be judged. The message completes "The model answered …". */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer'
}

/** A label beyond the classes that the model knows. */
export class LabelOutOfRange extends Error {
  override readonly name = 'LabelOutOfRange'
}

/** A metric that this model, or these labels, do not have. The message is a sentence. */
export class UnfitMetric extends Error {
  override readonly name = 'UnfitMetric'
}
