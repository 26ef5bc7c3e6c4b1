import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader


class GrammarText(Dataset):
    """Strings from a small stochastic grammar over 8 symbols."""

    def __init__(self, n, length, seed):
        g = torch.Generator().manual_seed(seed)
        table = torch.tensor([[1, 2], [3, 4], [5, 6], [7, 0], [1, 5], [0, 2], [3, 7], [4, 6]])
        seq = torch.randint(0, 8, (n, 1), generator=g)
        while seq.size(1) < length + 1:
            pick = torch.randint(0, 2, (n,), generator=g)
            seq = torch.cat([seq, table[seq[:, -1], pick].unsqueeze(1)], 1)
        self.seq = seq

    def __len__(self):
        return len(self.seq)

    def __getitem__(self, i):
        s = self.seq[i]
        return {"input_ids": s, "labels": s}


class CausalConvLM(nn.Module):
    def __init__(self, vocab=8, width=32):
        super().__init__()
        self.emb = nn.Embedding(vocab, width)
        self.convs = nn.ModuleList([nn.Conv1d(width, width, 2, dilation=d) for d in (1, 2)])
        self.out = nn.Linear(width, vocab)

    def forward(self, input_ids, labels=None):
        h = self.emb(input_ids).transpose(1, 2)
        for conv in self.convs:
            h = h + F.relu(conv(F.pad(h, (conv.dilation[0], 0))))
        logits = self.out(h.transpose(1, 2))
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        return loss, logits


def fit(model, loader, epochs):
    opt = torch.optim.AdamW(model.parameters(), lr=4e-3)
    for epoch in range(epochs):
        model.train()
        running = 0.0
        for batch in loader:
            loss, _ = model(**batch)
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item() * len(batch["input_ids"])
        print(f"epoch {epoch} train loss {running / len(loader.dataset):.3f}")


@torch.no_grad()
def legal_rate(model, n=200, steps=10):
    table = {0: (1, 2), 1: (3, 4), 2: (5, 6), 3: (7, 0), 4: (1, 5), 5: (0, 2), 6: (3, 7), 7: (4, 6)}
    model.eval()
    ids = torch.randint(0, 8, (n, 1))
    for _ in range(steps):
        _, logits = model(ids)
        ids = torch.cat([ids, torch.multinomial(logits[:, -1].softmax(-1), 1)], 1)
    pairs = [(a, b) for row in ids.tolist() for a, b in zip(row, row[1:])]
    return sum(b in table[a] for a, b in pairs) / len(pairs)


torch.manual_seed(0)
net = CausalConvLM()
fit(net, DataLoader(GrammarText(600, 20, 1), batch_size=30, shuffle=True), 4)
print("legal transitions in samples:", round(legal_rate(net), 3))
