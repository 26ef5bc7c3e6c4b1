import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class CenterLoss(nn.Module):
    """Pulls each feature towards a learnable center of its class."""

    def __init__(self, num_classes, feat_dim):
        super().__init__()
        self.centers = nn.Parameter(torch.randn(num_classes, feat_dim))

    def forward(self, feats, labels):
        return (feats - self.centers[labels]).pow(2).sum(dim=1).mean()


class EmbeddingNet(nn.Module):
    def __init__(self, in_dim, feat_dim, num_classes):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(in_dim, 64), nn.ReLU(), nn.Linear(64, feat_dim))
        self.classifier = nn.Linear(feat_dim, num_classes)

    def forward(self, x):
        feats = self.trunk(x)
        return feats, self.classifier(feats)


def blobs(n, means):
    y = torch.randint(0, len(means), (n,))
    return TensorDataset(means[y] + torch.randn(n, means.size(1)), y)


torch.manual_seed(6)
NUM_CLASSES, IN_DIM, FEAT_DIM = 6, 10, 8
LAMBDA_CENTER = 0.05

means = 1.5 * torch.randn(NUM_CLASSES, IN_DIM)
train_dl = DataLoader(blobs(1200, means), batch_size=60, shuffle=True)
val_dl = DataLoader(blobs(300, means), batch_size=300)

model = EmbeddingNet(IN_DIM, FEAT_DIM, NUM_CLASSES)
xent = nn.CrossEntropyLoss()
center_loss = CenterLoss(NUM_CLASSES, FEAT_DIM)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(8):
    model.train()
    for x, y in train_dl:
        feats, logits = model(x)
        loss = xent(logits, y) + LAMBDA_CENTER * center_loss(feats, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    model.eval()
    with torch.no_grad():
        for x, y in val_dl:
            feats, logits = model(x)
            acc = (logits.argmax(1) == y).float().mean().item()
            spread = center_loss(feats, y).item()
    print(f"epoch {epoch}: val acc {acc:.3f}, mean squared distance to center {spread:.3f}")
