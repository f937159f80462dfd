/**
 * The reference: scikit-learn for what it has, and for calibration the formulas written out row by row with numpy. Reads a list
 * of cases from standard input, prints the metrics of each.
 */
export const referenceProgram = `
import json, sys, warnings
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn import metrics as m
warnings.filterwarnings('ignore')

def bins_of(confidence, bins, binning):
    n = len(confidence)
    if binning == 'width':
        return [[i for i in range(n) if (b / bins < confidence[i] or b == 0) and confidence[i] <= (b + 1) / bins or (b == bins - 1 and confidence[i] > 1)] for b in range(bins)]
    confidence = np.round(confidence * 2.0 ** 40) # equal but for the order in which a softmax was summed up
    ordered = np.sort(confidence)
    edges = [ordered[(b * n) // bins] for b in range(1, bins)]
    place = [sum(1 for edge in edges if edge <= c) for c in confidence]
    return [[i for i in range(n) if place[i] == b] for b in range(bins)]

def gaps(confidence, right, bins, binning):
    return [(len(rows) / len(right), abs(np.mean(right[rows]) - np.mean(confidence[rows]))) for rows in bins_of(confidence, bins, binning) if rows]

def calibration(probabilities, y, prefix=''):
    chosen = np.argmax(probabilities, axis=1)
    confidence, right = probabilities[np.arange(len(y)), chosen], (chosen == y).astype(float)
    out = {}
    for binning in ('width', 'mass'):
        for bins in (1, 4, 15):
            found = gaps(confidence, right, bins, binning)
            key = f'{prefix}{binning}{bins}'
            out['ece' + key] = sum(s * g for s, g in found)
            out['mce' + key] = max(g for s, g in found)
            out['msce' + key] = sum(s * g * g for s, g in found)
    out['composite' + prefix] = 0.7 * (1 - right.mean()) + 0.3 * out[f'ece{prefix}mass4']
    out['classwise' + prefix] = np.mean([sum(s * g for s, g in gaps(probabilities[:, k], (y == k).astype(float), 10, 'width')) for k in range(probabilities.shape[1])])
    return out

def decisions(y, chosen, classes):
    out = {'accuracy': m.accuracy_score(y, chosen), 'balancedAccuracy': m.balanced_accuracy_score(y, chosen), 'matthewsCorrelation': m.matthews_corrcoef(y, chosen)}
    for name, score in (('precision', m.precision_score), ('recall', m.recall_score), ('f1', m.f1_score)):
        for average in ('macro', 'micro', 'weighted'):
            out[name + average.capitalize()] = score(y, chosen, average=average)
        if classes == 2: out[name] = score(y, chosen)
        out[name + '.1'] = score(y, chosen, average=None, labels=[1])[0]
    return out

def scores(case):
    y, classes = np.array(case['labels']), case['classes']
    raw = np.array(case['values'], dtype=float).reshape(len(y), -1)
    if case['kind'] == 'classes':
        chosen = raw[:, 0].astype(int)
        return decisions(y, chosen, classes) | {'confusion': m.confusion_matrix(y, chosen, labels=range(max(y.max(), chosen.max()) + 1)).tolist()}
    logits = case['kind'] == 'logits'
    if raw.shape[1] == 1: raw = np.hstack([np.zeros_like(raw) if logits else 1 - raw, raw])
    probabilities = softmax(raw, axis=1) if logits else raw
    every = list(range(classes))
    chosen = np.argmax(raw, axis=1)
    out = decisions(y, chosen, classes) | calibration(probabilities, y)
    out['confusion'] = m.confusion_matrix(y, chosen, labels=every).tolist()
    out['logLoss'] = -np.mean(log_softmax(raw, axis=1)[np.arange(len(y)), y]) if logits else m.log_loss(y, probabilities, labels=every)
    out['brierScore'] = m.brier_score_loss(y, probabilities[:, 1], pos_label=1) if classes == 2 else m.brier_score_loss(y, probabilities, labels=every)
    if classes > 2: out['top2Accuracy'] = m.top_k_accuracy_score(y, raw, k=2, labels=every)
    ranks = raw[:, 1] - raw[:, 0] if logits and classes == 2 else probabilities[:, 1]
    if len(set(y)) == classes:
        if classes == 2:
            out['rocAuc'], out['averagePrecision'] = m.roc_auc_score(y, ranks), m.average_precision_score(y, ranks)
        else:
            out['rocAuc'] = m.roc_auc_score(y, probabilities / probabilities.sum(axis=1, keepdims=True), multi_class='ovr', labels=every)
            out['averagePrecision'] = np.mean([m.average_precision_score(y == k, probabilities[:, k]) for k in every])
    z = raw if logits else np.log(np.maximum(probabilities, 2.0 ** -1022))
    loss = lambda u: -np.mean(log_softmax(z / np.exp(u), axis=1)[np.arange(len(y)), y])
    ends = np.log([0.01, 100])
    found = minimize_scalar(loss, bounds=ends, method='bounded', options={'xatol': 1e-12, 'maxiter': 1000})
    out['bestLoss'] = min(found.fun, loss(ends[0]), loss(ends[1]))
    out |= calibration(softmax(z / case['temperature'], axis=1), y, 'scaled')
    out['scaledLogLoss'] = loss(np.log(case['temperature']))
    return out

def errors(case):
    y, answer = np.array(case['targets']).reshape(-1, case['width']), np.array(case['values']).reshape(-1, case['width'])
    out = {'meanSquaredError': m.mean_squared_error(y, answer), 'rootMeanSquaredError': m.root_mean_squared_error(y, answer), 'meanAbsoluteError': m.mean_absolute_error(y, answer),
      'meanAbsolutePercentageError': m.mean_absolute_percentage_error(y, answer), 'maxError': max(m.max_error(y[:, j], answer[:, j]) for j in range(case['width']))}
    if len(y) > 1: out |= {'r2': m.r2_score(y, answer), 'columns': m.r2_score(y, answer, multioutput='raw_values').tolist()}
    return out

print(json.dumps([errors(case) if 'targets' in case else scores(case) for case in json.load(sys.stdin)], default=float))
`
