import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

# 1-D "object detection": find pulses in a signal, score every position, report AP
L = 64


def pulses(n, rng):
    sig = rng.normal(0, 0.6, (n, L)).astype("float32")
    centers = []
    for i in range(n):
        c = rng.choice(np.arange(4, L - 4, 8), size=rng.integers(1, 4), replace=False)
        for k in c:
            sig[i, k - 2:k + 3] += 1.0
        centers.append(np.sort(c))
    return torch.from_numpy(sig).unsqueeze(1), centers


def targets(centers):
    t = torch.zeros(len(centers), L)
    for i, c in enumerate(centers):
        for k in c:
            t[i, k - 1:k + 2] = 1.0
    return t


def interval_iou(a, b):
    inter = max(0, min(a[1], b[1]) - max(a[0], b[0]))
    return inter / (a[1] - a[0] + b[1] - b[0] - inter)


def average_precision(detections, centers, thr=0.4):
    """detections: (image id, score, position)"""
    detections = sorted(detections, key=lambda d: -d[1])
    used = [set() for _ in centers]
    n_gt = sum(len(c) for c in centers)
    tp = np.zeros(len(detections))
    for j, (img, _, pos) in enumerate(detections):
        ious = [interval_iou((pos - 2, pos + 3), (c - 2, c + 3)) for c in centers[img]]
        best = int(np.argmax(ious))
        if ious[best] >= thr and best not in used[img]:
            tp[j] = 1
            used[img].add(best)
    ctp = np.cumsum(tp)
    precision = ctp / np.arange(1, len(tp) + 1)
    return float((precision * tp).sum() / n_gt)


torch.manual_seed(7)
rng = np.random.default_rng(7)
x_train, c_train = pulses(200, rng)
x_test, c_test = pulses(50, rng)
y_train = targets(c_train)
net = nn.Sequential(nn.Conv1d(1, 16, 5, padding=2), nn.ReLU(), nn.Conv1d(16, 16, 5, padding=2), nn.ReLU(), nn.Conv1d(16, 1, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
lossf = nn.BCEWithLogitsLoss()
for ep in range(8):
    for idx in torch.randperm(200).split(20):
        opt.zero_grad()
        lossf(net(x_train[idx]).squeeze(1), y_train[idx]).backward()
        opt.step()

net.eval()
with torch.no_grad():
    prob = net(x_test).squeeze(1).sigmoid()
    peak = prob == F.max_pool1d(prob.unsqueeze(1), 3, stride=1, padding=1).squeeze(1)
dets = [(i, prob[i, k].item(), k) for i in range(len(prob)) for k in range(L) if peak[i, k] and prob[i, k] > 0.2]
print(len(dets), "detections, AP@0.4 =", round(average_precision(dets, c_test), 4))
