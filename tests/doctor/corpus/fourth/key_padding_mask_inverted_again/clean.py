"""Majority colour of a variable-length sequence with a transformer encoder."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

PAD, COLOURS = 0, 4


class ColourStrings(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        while len(self.items) < n:
            length = int(torch.randint(4, 15, (1,), generator=g))
            seq = torch.randint(1, COLOURS + 1, (length,), generator=g)
            count = torch.bincount(seq, minlength=COLOURS + 1)[1:]
            top = count.max()
            if (count == top).sum() == 1:
                self.items.append((seq, int(count.argmax())))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    seqs, labels = zip(*batch)
    tokens = pad_sequence(list(seqs), batch_first=True, padding_value=PAD)
    mask = tokens == PAD
    return {"tokens": tokens, "mask": mask, "labels": torch.tensor(labels)}


class Classifier(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.embed = nn.Embedding(COLOURS + 1, dim, padding_idx=PAD)
        self.query = nn.Parameter(torch.randn(1, 1, dim) * 0.02)
        layer = nn.TransformerEncoderLayer(dim, 4, 64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(dim, COLOURS)

    def forward(self, tokens, mask):
        n = tokens.size(0)
        x = torch.cat([self.query.expand(n, -1, -1), self.embed(tokens)], dim=1)
        first = mask.new_zeros(n, 1)
        h = self.encoder(x, src_key_padding_mask=torch.cat([first, mask], dim=1))
        return self.head(h[:, 0])


def evaluate(model, loader):
    model.eval()
    right = total = 0
    with torch.no_grad():
        for b in loader:
            right += (model(b["tokens"], b["mask"]).argmax(-1) == b["labels"]).sum().item()
            total += len(b["labels"])
    model.train()
    return right / total


torch.manual_seed(0)
train = DataLoader(ColourStrings(1500, 1), batch_size=50, shuffle=True, collate_fn=collate)
valid = DataLoader(ColourStrings(300, 2), batch_size=100, collate_fn=collate)
model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(3):
    for batch in train:
        loss = F.cross_entropy(model(batch["tokens"], batch["mask"]), batch["labels"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, round(loss.item(), 3), round(evaluate(model, valid), 3))
