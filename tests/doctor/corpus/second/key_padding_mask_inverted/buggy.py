import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

PAD, CLS = 0, 1


class Notes(Dataset):
    """Bags of 'symptom' ids; positive if any of the alarm symptoms occurs."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.rows = []
        for _ in range(n):
            k = int(torch.randint(3, 11, (1,), generator=g))
            body = torch.randint(2, 30, (k,), generator=g)
            label = float(((body == 7) | (body == 19) | (body == 23)).any())
            self.rows.append((torch.cat([torch.tensor([CLS]), body]), label))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(rows):
    ids = torch.full((len(rows), 12), PAD)
    for r, (seq, _) in enumerate(rows):
        ids[r, :len(seq)] = seq
    return ids, torch.tensor([lab for _, lab in rows])


class Encoder(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(30, d, padding_idx=PAD)
        self.attn = nn.MultiheadAttention(d, 4, batch_first=True)
        self.n1 = nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 64), nn.ReLU(), nn.Linear(64, d))
        self.n2 = nn.LayerNorm(d)
        self.out = nn.Linear(d, 1)

    def forward(self, ids):
        x = self.emb(ids)
        mask = ids != PAD
        a, _ = self.attn(x, x, x, key_padding_mask=mask, need_weights=False)
        x = self.n1(x + a)
        x = self.n2(x + self.ff(x))
        return self.out(x[:, 0]).squeeze(-1)


torch.manual_seed(0)
train_dl = DataLoader(Notes(800, 1), batch_size=32, shuffle=True, collate_fn=collate)
val_dl = DataLoader(Notes(300, 2), batch_size=100, collate_fn=collate)
net = Encoder()
crit = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(6):
    net.train()
    for ids, lab in train_dl:
        opt.zero_grad()
        crit(net(ids), lab).backward()
        opt.step()
    net.eval()
    right = 0
    with torch.no_grad():
        for ids, lab in val_dl:
            right += ((net(ids) > 0).float() == lab).sum().item()
    print(f"epoch {epoch} val accuracy {right / len(val_dl.dataset):.3f}")
