import random
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier


class TripletDigits(Dataset):
    def __init__(self, images, labels):
        self.images = images
        self.labels = labels.tolist()
        self.by_class = {c: [i for i, l in enumerate(self.labels) if l == c] for c in set(self.labels)}

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        c = self.labels[i]
        same = random.choice([j for j in self.by_class[c] if j != i])
        other = random.choice(self.by_class[random.choice([k for k in self.by_class if k != c])])
        return self.images[i], self.images[same], self.images[other]


class Embedder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, dim))

    def forward(self, x):
        return nn.functional.normalize(self.net(x), dim=1)


def embed(model, x):
    model.eval()
    with torch.no_grad():
        return model(x).numpy()


random.seed(0)
torch.manual_seed(0)
digits = load_digits()
x = torch.tensor(digits.data, dtype=torch.float32) / 16
y = torch.tensor(digits.target)
perm = torch.randperm(len(x))
tr, te = perm[:900], perm[900:]

model = Embedder()
criterion = nn.TripletMarginLoss(margin=0.5)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loader = DataLoader(TripletDigits(x[tr], y[tr]), batch_size=45, shuffle=True)

for epoch in range(8):
    model.train()
    for batch in loader:
        anchor, pos, neg = (model(part) for part in batch)
        loss = criterion(anchor, pos, neg)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))

knn = KNeighborsClassifier(5).fit(embed(model, x[tr]), y[tr].numpy())
print("5-nn accuracy", knn.score(embed(model, x[te]), y[te].numpy()))
