import torch
import torch.nn as nn
from torch.nn.utils import rnn
from torch.utils.data import DataLoader, Dataset


# 길이가 다른 걸음 센서 신호: 걷기(0), 달리기(1), 계단(2)
class Motion(Dataset):
    FREQ = [0.25, 0.7, 0.45]

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.seqs, self.labels = [], []
        for _ in range(n):
            c = int(torch.randint(0, 3, (1,), generator=g))
            T = int(torch.randint(15, 45, (1,), generator=g))
            t = torch.arange(T).float()
            off = 6.28 * torch.rand(1, generator=g)
            sig = torch.stack([torch.sin(self.FREQ[c] * t + off), torch.cos(self.FREQ[c] * t + off)], 1)
            self.seqs.append(sig + 0.3 * torch.randn(T, 2, generator=g))
            self.labels.append(c)

    def __len__(self):
        return len(self.seqs)

    def __getitem__(self, idx):
        return self.seqs[idx], self.labels[idx]


def pad_batch(batch):
    labels = torch.tensor([item[1] for item in batch])
    seqs = sorted([item[0] for item in batch], key=lambda s: s.size(0), reverse=True)
    lengths = [s.size(0) for s in seqs]
    return rnn.pad_sequence(seqs, batch_first=True), lengths, labels


class GRUClassifier(nn.Module):
    def __init__(self, hidden=32):
        super(GRUClassifier, self).__init__()
        self.gru = nn.GRU(2, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 3)

    def forward(self, x, lengths):
        packed = rnn.pack_padded_sequence(x, lengths, batch_first=True)
        _, h_n = self.gru(packed)
        return self.fc(h_n[-1])


def main():
    torch.manual_seed(0)
    loaders = {
        'train': DataLoader(Motion(400, 1), batch_size=40, shuffle=True, collate_fn=pad_batch),
        'test': DataLoader(Motion(120, 2), batch_size=40, shuffle=False, collate_fn=pad_batch),
    }
    model = GRUClassifier()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(6):
        model.train()
        for x, lengths, y in loaders['train']:
            optimizer.zero_grad()
            loss = criterion(model(x, lengths), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
    model.eval()
    ok = 0
    with torch.no_grad():
        for x, lengths, y in loaders['test']:
            ok += (model(x, lengths).argmax(1) == y).sum().item()
    print('정확도', ok / len(loaders['test'].dataset))


main()
