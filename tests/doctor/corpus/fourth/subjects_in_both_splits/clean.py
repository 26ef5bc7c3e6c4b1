"""Does a voice recording come from a Parkinson patient? 40 speakers, several recordings each."""
import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit
from torch import nn


def recordings(rng, n_speakers=40, per_speaker=12, dim=16):
    speaker = np.repeat(np.arange(n_speakers), per_speaker)
    ill = rng.permutation(np.arange(n_speakers) % 2)[speaker]
    timbre = rng.normal(0, 1.5, size=(n_speakers, dim))[speaker]
    effect = np.zeros(dim)
    effect[:3] = 0.8
    x = timbre + ill[:, None] * effect + rng.normal(0, 0.6, size=(len(speaker), dim))
    return x.astype(np.float32), ill.astype(np.float32), speaker


def split(x, ill, speaker, seed):
    chooser = GroupShuffleSplit(n_splits=1, test_size=0.3, random_state=seed)
    return next(chooser.split(x, ill, groups=speaker))


def standardise(train, test):
    centre, spread = train.mean(axis=0), train.std(axis=0)
    return (train - centre) / spread, (test - centre) / spread


def fit(x, y, epochs=40):
    net = nn.Sequential(nn.Linear(x.shape[1], 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 1))
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.02)
    bce = nn.BCEWithLogitsLoss()
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            bce(net(x[idx]).squeeze(1), y[idx]).backward()
            opt.step()
    return net.eval()


aucs = []
for seed in range(3):
    torch.manual_seed(seed)
    x, ill, speaker = recordings(np.random.default_rng(20))
    tr, te = split(x, ill, speaker, seed)
    x_tr, x_te = map(torch.from_numpy, standardise(x[tr], x[te]))
    net = fit(x_tr, torch.from_numpy(ill[tr]))
    with torch.no_grad():
        score = net(x_te).squeeze(1)
    aucs.append(roc_auc_score(ill[te], score.numpy()))
print("AUC over three splits:", np.round(aucs, 3), "mean", round(float(np.mean(aucs)), 3))
