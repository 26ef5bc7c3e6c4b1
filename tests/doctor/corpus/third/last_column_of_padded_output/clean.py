import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence


def toy_corpus(n, seed):
    # token 1 / token 2 : which of them came last in the sentence?
    gen = torch.Generator().manual_seed(seed)
    seqs, labels = [], []
    for _ in range(n):
        L = int(torch.randint(4, 21, (1,), generator=gen))
        s = torch.randint(1, 12, (L,), generator=gen)
        s[int(torch.randint(0, L, (1,), generator=gen))] = 1 + int(torch.randint(0, 2, (1,), generator=gen))
        last = [int(v) for v in s if v < 3][-1]
        seqs.append(s)
        labels.append(float(last == 2))
    return seqs, torch.tensor(labels)


class LastState(nn.Module):
    def __init__(self, vocab=12, emb=16, hid=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, emb, padding_idx=0)
        self.rnn = nn.LSTM(emb, hid, batch_first=True)
        self.fc = nn.Linear(hid, 1)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.emb(ids), lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.rnn(packed)
        out, _ = pad_packed_sequence(out, batch_first=True)
        last = out[torch.arange(len(lengths)), lengths - 1]
        return self.fc(last).squeeze(1)


def batches(seqs, labels, bs, shuffle):
    order = torch.randperm(len(seqs)) if shuffle else torch.arange(len(seqs))
    for idx in order.split(bs):
        part = [seqs[i] for i in idx]
        yield pad_sequence(part, batch_first=True), torch.tensor([len(p) for p in part]), labels[idx]


def main():
    torch.manual_seed(0)
    tr, va = toy_corpus(800, 1), toy_corpus(200, 2)
    net = LastState()
    optim = torch.optim.Adam(net.parameters(), lr=8e-3)
    bce = nn.BCEWithLogitsLoss()
    for epoch in range(8):
        net.train()
        for ids, lens, y in batches(*tr, bs=32, shuffle=True):
            loss = bce(net(ids, lens), y)
            optim.zero_grad()
            loss.backward()
            optim.step()
    net.eval()
    ok = 0
    with torch.no_grad():
        for ids, lens, y in batches(*va, bs=50, shuffle=False):
            ok += ((net(ids, lens) > 0) == (y > 0.5)).sum().item()
    print("val accuracy", ok / 200)


main()
