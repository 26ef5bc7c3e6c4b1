"""Metric learning: speaker embeddings with a triplet loss, tested on unseen speakers."""
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

random.seed(6)
torch.manual_seed(6)

N_SPEAKERS, UTTERANCES, DIM = 40, 12, 24
voices = torch.randn(N_SPEAKERS, 6)
mixing = torch.randn(6, DIM)
nuisance = torch.randn(4, DIM)


def utter(speaker):
    """Speaker identity plus a strong channel effect and a little noise."""
    return voices[speaker] @ mixing + 2.0 * torch.randn(4) @ nuisance + 0.3 * torch.randn(DIM)


recordings = torch.stack([torch.stack([utter(s) for _ in range(UTTERANCES)]) for s in range(N_SPEAKERS)])
train_rec, test_rec = recordings[:30], recordings[30:]
mean, std = train_rec.mean(dim=(0, 1)), train_rec.std(dim=(0, 1))
train_rec, test_rec = (train_rec - mean) / std, (test_rec - mean) / std


class Triplets(Dataset):
    def __init__(self, rec, length):
        self.rec = rec
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        anchor_spk, other_spk = random.sample(range(len(self.rec)), 2)
        a, p = random.sample(range(UTTERANCES), 2)
        n = random.randrange(UTTERANCES)
        return self.rec[anchor_spk, a], self.rec[anchor_spk, p], self.rec[other_spk, n]


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(DIM, 64), nn.ReLU(), nn.Linear(64, 16))

    def forward(self, x):
        return F.normalize(self.net(x), dim=-1)


def nearest_neighbour_accuracy(embed, rec):
    """Leave-one-out: does the closest other utterance belong to the same speaker?"""
    labels = torch.arange(len(rec)).repeat_interleave(UTTERANCES)
    embed.eval()
    with torch.no_grad():
        z = embed(rec.flatten(0, 1))
    dist = torch.cdist(z, z)
    dist.fill_diagonal_(float("inf"))
    return (labels[dist.argmin(dim=1)] == labels).float().mean().item()


embed = Embedder()
optimizer = torch.optim.Adam(embed.parameters(), lr=2e-3)
triplet = nn.TripletMarginLoss(margin=0.4)
loader = DataLoader(Triplets(train_rec, 1600), batch_size=64)

print(f"before: {nearest_neighbour_accuracy(embed, test_rec):.3f}")
for epoch in range(8):
    embed.train()
    total = 0.0
    for anchor, positive, negative in loader:
        optimizer.zero_grad()
        loss = triplet(embed(anchor), embed(positive), embed(negative))
        loss.backward()
        optimizer.step()
        total += loss.item() * len(anchor)
    print(f"epoch {epoch}: triplet loss {total / len(loader.dataset):.4f}")
print(f"after:  {nearest_neighbour_accuracy(embed, test_rec):.3f} on speakers never seen in training")
