from functools import partial

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

PAD = 0


class Phrases(Dataset):
    def __init__(self, n, vocab, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            length = int(torch.randint(3, 15, (1,), generator=g))
            tokens = torch.randint(1, vocab, (length,), generator=g)
            label = float((tokens > vocab // 2).float().mean() > 0.5)
            self.items.append((tokens, label))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch, pad):
    tokens, labels = zip(*batch)
    lengths = torch.tensor([len(t) for t in tokens])
    return pad_sequence(tokens, batch_first=True, padding_value=pad), lengths, torch.tensor(labels)


class AttnGRU(nn.Module):
    def __init__(self, vocab, d=24, h=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, d, padding_idx=PAD)
        self.gru = nn.GRU(d, h, batch_first=True, bidirectional=True)
        self.score = nn.Linear(2 * h, 1)
        self.out = nn.Linear(2 * h, 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=x.size(1))
        mask = x.ne(PAD)
        a = self.score(torch.tanh(states)).squeeze(-1).masked_fill(~mask, -1e9).softmax(dim=1)
        context = torch.bmm(a.unsqueeze(1), states).squeeze(1)
        return self.out(context).squeeze(-1)


def epoch(model, loader, opt=None):
    training = opt is not None
    model.train(training)
    loss_sum = hit = n = 0
    for x, lengths, y in loader:
        with torch.set_grad_enabled(training):
            logit = model(x, lengths)
            loss = nn.functional.binary_cross_entropy_with_logits(logit, y)
        if training:
            opt.zero_grad()
            loss.backward()
            opt.step()
        loss_sum += loss.item() * len(y)
        hit += ((logit > 0) == y.bool()).sum().item()
        n += len(y)
    return loss_sum / n, hit / n


if __name__ == "__main__":
    torch.manual_seed(8)
    fn = partial(collate, pad=PAD)
    train = DataLoader(Phrases(320, 40, seed=1), batch_size=32, shuffle=True, collate_fn=fn)
    valid = DataLoader(Phrases(100, 40, seed=2), batch_size=50, collate_fn=fn)
    model = AttnGRU(40)
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for e in range(3):
        tl, ta = epoch(model, train, opt)
        vl, va = epoch(model, valid)
        print(f"{e}: train {tl:.3f}/{ta:.2f} valid {vl:.3f}/{va:.2f}")
