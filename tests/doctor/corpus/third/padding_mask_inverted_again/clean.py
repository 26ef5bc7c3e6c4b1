# Sequenzklassifikation mit TransformerEncoder und variabler Länge
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Messreihen(Dataset):
    """Verrauschte Schwingungen; Klasse = langsam, mittel, schnell."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            laenge = int(torch.randint(12, 33, (1,), generator=g))
            klasse = int(torch.randint(0, 3, (1,), generator=g))
            phase = torch.rand(1, generator=g) * 6.28
            t = torch.arange(laenge).float()
            x = torch.sin((0.3 + 0.5 * klasse) * t + phase) + 0.3 * torch.randn(laenge, generator=g)
            self.items.append((x.unsqueeze(1), klasse))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def buendeln(stapel):
    xs, ys = zip(*stapel)
    laengen = torch.tensor([len(x) for x in xs])
    x = nn.utils.rnn.pad_sequence(xs, batch_first=True)
    gueltig = torch.arange(x.size(1))[None, :] < laengen[:, None]
    return x, gueltig, torch.tensor(ys)


class Klassifikator(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.ein = nn.Conv1d(1, d, 5, padding=2)
        self.pos = nn.Parameter(0.02 * torch.randn(1, 32, d))
        schicht = nn.TransformerEncoderLayer(d, 4, dim_feedforward=64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(schicht, num_layers=1, enable_nested_tensor=False)
        self.kopf = nn.Linear(d, 3)

    def forward(self, x, gueltig):
        h = self.ein(x.transpose(1, 2)).transpose(1, 2) + self.pos[:, :x.size(1)]
        h = self.encoder(h, src_key_padding_mask=~gueltig)
        g = gueltig.unsqueeze(-1).to(h.dtype)
        return self.kopf((h * g).sum(1) / g.sum(1))


torch.manual_seed(2)
train = DataLoader(Messreihen(600, 1), batch_size=30, shuffle=True, collate_fn=buendeln)
valid = DataLoader(Messreihen(200, 2), batch_size=50, collate_fn=buendeln)
modell = Klassifikator()
opt = torch.optim.AdamW(modell.parameters(), lr=2e-3)
verlust = nn.CrossEntropyLoss()
for epoche in range(6):
    modell.train()
    for x, gueltig, y in train:
        opt.zero_grad()
        verlust(modell(x, gueltig), y).backward()
        nn.utils.clip_grad_norm_(modell.parameters(), 1.0)
        opt.step()
    modell.eval()
    richtig = 0
    with torch.inference_mode():
        for x, gueltig, y in valid:
            richtig += (modell(x, gueltig).argmax(1) == y).sum().item()
    print(epoche, richtig / len(valid.dataset))
