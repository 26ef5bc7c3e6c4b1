"""Variable-length sequences: custom Dataset, padding collate, packed LSTM."""
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset, random_split

PAD = 0


class Parens(Dataset):
    """Distinct strings over tokens 1='(' and 2=')'; label: is the string balanced?"""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items, seen = [], set()
        while len(self.items) < n:
            half = int(torch.randint(4, 10, (1,), generator=g))
            seq = self._balanced(half, g)
            label = len(self.items) % 2
            if label == 0:
                seq = self._corrupt(seq, g)
            if tuple(seq) not in seen:
                seen.add(tuple(seq))
                self.items.append((torch.tensor(seq), label))

    @staticmethod
    def _balanced(half, g):
        seq, depth, opened = [], 0, 0
        while len(seq) < 2 * half:
            can_open, can_close = opened < half, depth > 0
            coin = torch.rand(1, generator=g).item() < 0.5
            if can_open and (coin or not can_close):
                seq.append(1)
                depth, opened = depth + 1, opened + 1
            else:
                seq.append(2)
                depth -= 1
        return seq

    @staticmethod
    def _corrupt(seq, g):
        k = int(torch.randint(0, len(seq), (1,), generator=g))
        return seq[:k] + [3 - seq[k]] + seq[k + 1 :]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True, padding_value=PAD), lengths, torch.tensor(labels).float()


class Tagger(nn.Module):
    def __init__(self, dim=8, hidden=24):
        super().__init__()
        self.embed = nn.Embedding(3, dim, padding_idx=PAD)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.embed(tokens), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.out(h[-1]).squeeze(1)


torch.manual_seed(14)
train_set, test_set = random_split(Parens(900, seed=1), [600, 300])
train_loader = DataLoader(train_set, batch_size=40, shuffle=True, collate_fn=collate)
test_loader = DataLoader(test_set, batch_size=100, collate_fn=collate)
model = Tagger()
loss_fn = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(8):
    model.train()
    for tokens, lengths, y in train_loader:
        opt.zero_grad()
        loss_fn(model(tokens, lengths), y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
    model.eval()
    with torch.no_grad():
        hits = sum(((model(t, n) > 0).float() == y).sum().item() for t, n, y in test_loader)
    print(f"epoch {epoch} test accuracy {hits / len(test_loader.dataset):.3f}")
