import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

PAD, VOCAB, MAX_LEN = 0, 40, 16


def reviews(n, generator):
    """Token ids 1-5 are praise, 6-10 complaints, the rest neutral; the sum decides."""
    lengths = torch.randint(5, MAX_LEN, (n,), generator=generator)
    ids = torch.randint(1, VOCAB, (n, MAX_LEN), generator=generator)
    ids[torch.arange(MAX_LEN) >= lengths.unsqueeze(1)] = PAD
    score = ((ids >= 1) & (ids <= 5)).sum(1) - ((ids >= 6) & (ids <= 10)).sum(1)
    keep = score != 0
    return ids[keep], (score[keep] > 0).float()


class AttentionPool(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.query = nn.Parameter(torch.randn(1, 1, dim) * dim ** -0.5)
        self.attend = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, h, mask):
        q = self.query.expand(h.size(0), -1, -1)
        pooled, _ = self.attend(q, h, h, key_padding_mask=mask, need_weights=False)
        return pooled.squeeze(1)


class Classifier(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, dim)
        self.pool = AttentionPool(dim, heads=4)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(dim, 1)

    def forward(self, ids):
        mask = ids.ne(PAD)
        pooled = self.pool(self.embedding(ids), mask)
        return self.head(self.dropout(pooled)).squeeze(-1)


def train_one_epoch(model, loader, criterion, optimizer):
    model.train()
    for ids, target in loader:
        optimizer.zero_grad()
        criterion(model(ids), target).backward()
        optimizer.step()


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    good = sum(((model(ids) > 0) == target.bool()).sum().item() for ids, target in loader)
    return good / len(loader.dataset)


if __name__ == "__main__":
    torch.manual_seed(27)
    gen = torch.Generator().manual_seed(27)
    train_loader = DataLoader(TensorDataset(*reviews(1500, gen)), batch_size=50, shuffle=True)
    test_loader = DataLoader(TensorDataset(*reviews(400, gen)), batch_size=100)
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(8):
        train_one_epoch(model, train_loader, criterion, optimizer)
        print(f"epoch {epoch} accuracy {accuracy(model, test_loader):.3f}")
