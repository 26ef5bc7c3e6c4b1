"""Length-bucketed batches for variable-length sequences, with a masked max-pooling classifier."""
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Sampler


class SequenceDataset(Dataset):
    """Random integer sequences; label = which of three motifs was planted."""

    MOTIFS = torch.tensor([[5, 9, 5], [9, 5, 9], [7, 7, 7]])

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            length = int(torch.randint(6, 40, (1,), generator=g))
            seq = torch.randint(1, 20, (length,), generator=g)
            label = int(torch.randint(0, 3, (1,), generator=g))
            at = int(torch.randint(0, length - 2, (1,), generator=g))
            seq[at:at + 3] = self.MOTIFS[label]
            self.items.append((seq, label))
        self.lengths = [len(s) for s, _ in self.items]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class BucketBatchSampler(Sampler):
    def __init__(self, lengths, batch_size, generator):
        self.lengths = lengths
        self.batch_size = batch_size
        self.generator = generator

    def __iter__(self):
        # random tie-breaking inside a length, random order of the batches
        noise = torch.rand(len(self.lengths), generator=self.generator).tolist()
        order = sorted(range(len(self.lengths)), key=lambda i: self.lengths[i] + noise[i])
        batches = [order[i:i + self.batch_size] for i in range(0, len(order), self.batch_size)]
        for b in torch.randperm(len(batches), generator=self.generator).tolist():
            yield batches[b]

    def __len__(self):
        return -(-len(self.lengths) // self.batch_size)


def pad_batch(batch):
    longest = max(len(s) for s, _ in batch)
    tokens = torch.zeros(len(batch), longest, dtype=torch.long)
    mask = torch.zeros(len(batch), longest, dtype=torch.bool)
    for row, (seq, _) in enumerate(batch):
        tokens[row, :len(seq)] = seq
        mask[row, :len(seq)] = True
    return tokens, mask, torch.tensor([label for _, label in batch])


class ConvPool(nn.Module):
    def __init__(self, vocab=20, dim=24, classes=3):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=0)
        self.conv = nn.Conv1d(dim, 32, kernel_size=3, padding=1)
        self.fc = nn.Linear(32, classes)

    def forward(self, tokens, mask):
        h = torch.relu(self.conv(self.emb(tokens).transpose(1, 2)))
        h = h.masked_fill(~mask.unsqueeze(1), float("-inf")).amax(dim=2)
        return self.fc(h)


torch.manual_seed(2)
train_set, test_set = SequenceDataset(1500, seed=20), SequenceDataset(300, seed=21)
sampler = BucketBatchSampler(train_set.lengths, 50, torch.Generator().manual_seed(22))
train_loader = DataLoader(train_set, batch_sampler=sampler, collate_fn=pad_batch)
test_loader = DataLoader(test_set, batch_size=100, collate_fn=pad_batch)

model = ConvPool()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(6):
    model.train()
    loss_sum, cells, real = 0.0, 0, 0
    for tokens, mask, labels in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(tokens, mask), labels)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(labels)
        cells, real = cells + mask.numel(), real + mask.sum().item()
    print(f"epoch {epoch}: loss {loss_sum / len(train_set):.3f}, padding {1 - real / cells:.1%}")

model.eval()
with torch.no_grad():
    correct = sum((model(t, m).argmax(1) == y).sum().item() for t, m, y in test_loader)
print(f"test accuracy {correct / len(test_set):.3f}")
