import numpy as np
import torch

rng = np.random.default_rng(88)
raw = rng.normal(3, 2, size=(200, 5)).astype(np.float32)
labels = (raw[:, 0] > 3).astype(np.int64)
order = rng.permutation(200)
train, val, test = np.split(order, [140, 170])
mean, std = raw[train].mean(0), raw[train].std(0)
bundle = {
    name: (torch.from_numpy((raw[idx] - mean) / std), torch.from_numpy(labels[idx]))
    for name, idx in (("train", train), ("val", val), ("test", test))
}
for name, (x, y) in bundle.items():
    print(name, tuple(x.shape), "positive share", y.float().mean().item())
