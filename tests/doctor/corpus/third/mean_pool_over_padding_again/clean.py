import torch
from torch import nn, Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(12)
VOCAB, PAD = 50, 0


def corpus(n: int):
    """A 'sentence' is positive when tokens above 25 dominate."""
    data = []
    for _ in range(n):
        length = int(torch.randint(3, 30, (1,)))
        label = int(torch.randint(0, 2, (1,)))
        low, high = (10, VOCAB) if label else (1, 40)
        data.append((torch.randint(low, high, (length,)), label))
    return data


def collate(samples):
    seqs, labels = zip(*samples)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(list(seqs), batch_first=True, padding_value=PAD), lengths, torch.tensor(labels)


class SentenceEncoder(nn.Module):
    def __init__(self, dim: int = 24) -> None:
        super().__init__()
        self.table = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.mix = nn.Sequential(nn.Linear(dim, dim), nn.Tanh())

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        h = self.mix(self.table(ids))
        keep = (torch.arange(ids.size(1))[None, :] < lengths[:, None]).unsqueeze(-1)
        return (h * keep).sum(dim=1) / lengths[:, None]


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = SentenceEncoder()
        self.classifier = nn.Linear(24, 2)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        return self.classifier(self.encoder(ids, lengths))


train_loader = DataLoader(corpus(600), batch_size=32, shuffle=True, collate_fn=collate)
test_loader = DataLoader(corpus(200), batch_size=50, collate_fn=collate)
model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss()
for epoch in range(5):
    model.train()
    for ids, lengths, labels in train_loader:
        optimizer.zero_grad()
        criterion(model(ids, lengths), labels).backward()
        optimizer.step()
model.eval()
with torch.no_grad():
    right = sum((model(i, n).argmax(1) == t).sum().item() for i, n, t in test_loader)
print(f'test accuracy {right / 200:.3f}')
