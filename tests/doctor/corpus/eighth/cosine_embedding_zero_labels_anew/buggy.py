# siamese network: do two signatures come from the same writer?
import random
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import Dataset, DataLoader

random.seed(3)
torch.manual_seed(3)

N_WRITERS, PER_WRITER, DIM = 20, 24, 16
style = torch.randn(N_WRITERS, DIM)
warp = torch.randn(DIM, 32)


def draw(n):
    return torch.tanh((style.unsqueeze(1) + 0.6 * torch.randn(N_WRITERS, n, DIM)) @ warp / 4)


class SignaturePairs(Dataset):
    """Half of the pairs share the writer, the pairs are drawn once."""

    def __init__(self, samples, n_pairs):
        self.samples = samples
        self.pairs = []
        for k in range(n_pairs):
            a = random.randrange(N_WRITERS)
            i, j = random.sample(range(samples.size(1)), 2)
            if k % 2 == 0:
                self.pairs.append((a, i, a, j, 1.0))
            else:
                b = random.choice([w for w in range(N_WRITERS) if w != a])
                self.pairs.append((a, i, b, j, 0.0))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, k):
        a, i, b, j, label = self.pairs[k]
        return self.samples[a, i], self.samples[b, j], torch.tensor(label)


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 12))

    def forward(self, a, b):
        return self.net(a), self.net(b)


train_loader = DataLoader(SignaturePairs(draw(PER_WRITER), 1200), batch_size=60, shuffle=True)
valid_loader = DataLoader(SignaturePairs(draw(8), 400), batch_size=100)

model = Siamese()
criterion = nn.CosineEmbeddingLoss(margin=0.3)
optimizer = optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(8):
    model.train()
    running = 0.0
    for first, second, label in train_loader:
        optimizer.zero_grad()
        out1, out2 = model(first, second)
        loss = criterion(out1, out2, label)
        loss.backward()
        optimizer.step()
        running += loss.item() * label.size(0)

    model.eval()
    right = 0
    with torch.no_grad():
        for first, second, label in valid_loader:
            same = torch.cosine_similarity(*model(first, second)) > 0.6
            right += (same == (label > 0)).sum().item()
    print('epoch %d  loss %.4f  valid acc %.3f' % (epoch + 1, running / len(train_loader.dataset),
                                                   right / len(valid_loader.dataset)))
