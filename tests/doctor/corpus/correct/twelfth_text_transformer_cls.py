# Which of two keywords comes first? Transformer encoder with padding mask and CLS token.
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD, CLS, KEY_A, KEY_B, VOCAB, MAX_LEN = 0, 1, 2, 3, 30, 20


def sample():
    n = int(torch.randint(6, MAX_LEN - 1, (1,)))
    words = torch.randint(4, VOCAB, (n,))
    i, j = torch.randperm(n)[:2].tolist()
    words[i], words[j] = KEY_A, KEY_B
    return torch.cat([torch.tensor([CLS]), words]), int(i < j)


def collate(batch):
    ids = pad_sequence([b[0] for b in batch], batch_first=True, padding_value=PAD)
    return ids, torch.tensor([b[1] for b in batch])


class Classifier(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.pos = nn.Embedding(MAX_LEN, dim)
        layer = nn.TransformerEncoderLayer(dim, 4, 64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(dim, 2)

    def forward(self, ids):
        h = self.tok(ids) + self.pos(torch.arange(ids.size(1)))
        h = self.encoder(h, src_key_padding_mask=ids == PAD)
        return self.head(h[:, 0])


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    return sum((model(x).argmax(1) == y).sum().item() for x, y in loader) / len(loader.dataset)


torch.manual_seed(30)
data = [sample() for _ in range(850)]
train = DataLoader(data[:650], batch_size=50, shuffle=True, collate_fn=collate)
dev = DataLoader(data[650:], batch_size=100, collate_fn=collate)
model = Classifier()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
for epoch in range(6):
    model.train()
    for x, y in train:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    print(f"epoch {epoch + 1} dev accuracy {evaluate(model, dev):.3f}")
