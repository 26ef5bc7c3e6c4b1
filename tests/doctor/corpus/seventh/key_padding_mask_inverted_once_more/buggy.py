import random

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

PAD, CLS = 0, 1
VOCAB = 14
MAX_LEN = 24


class Majority(Dataset):
    """토큰 2와 3 중 어느 것이 더 많이 나오는지 맞히는 문제."""

    def __init__(self, n, seed):
        rng = random.Random(seed)
        self.items = []
        while len(self.items) < n:
            length = rng.randint(8, 20)
            seq = [rng.choice([2, 2, 3, 3] + list(range(4, VOCAB))) for _ in range(length)]
            diff = seq.count(2) - seq.count(3)
            if diff == 0:  # 동점은 버린다
                continue
            self.items.append((seq, int(diff > 0)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    # 맨 앞에 CLS, 길이는 항상 MAX_LEN 으로 맞춘다
    ids = torch.full((len(batch), MAX_LEN), PAD)
    for row, (seq, _) in enumerate(batch):
        ids[row, :len(seq) + 1] = torch.tensor([CLS] + seq)
    return ids, torch.tensor([label for _, label in batch])


class Encoder(nn.Module):
    def __init__(self, dim=32, heads=2, layers=1):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        layer = nn.TransformerEncoderLayer(dim, heads, dim_feedforward=64, dropout=0.0, batch_first=True)
        self.body = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.out = nn.Linear(dim, 2)

    def forward(self, ids):
        real = ids != PAD
        h = self.body(self.embed(ids), src_key_padding_mask=real)
        return self.out(h[:, 0])  # CLS 위치


def run_epoch(model, loader, loss_fn, opt=None):
    training = opt is not None
    model.train(training)
    total, hits = 0.0, 0
    with torch.set_grad_enabled(training):
        for ids, label in loader:
            logits = model(ids)
            loss = loss_fn(logits, label)
            if training:
                opt.zero_grad()
                loss.backward()
                opt.step()
            total += loss.item() * len(label)
            hits += (logits.argmax(1) == label).sum().item()
    return total / len(loader.dataset), hits / len(loader.dataset)


torch.manual_seed(0)
train_loader = DataLoader(Majority(1200, seed=1), batch_size=64, shuffle=True, collate_fn=collate)
test_loader = DataLoader(Majority(400, seed=2), batch_size=100, collate_fn=collate)

model = Encoder()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(3):
    tr = run_epoch(model, train_loader, loss_fn, opt)
    te = run_epoch(model, test_loader, loss_fn)
    print(f"epoch {epoch}: train {tr[0]:.3f}/{tr[1]:.3f}  test {te[0]:.3f}/{te[1]:.3f}")
