"""Transfer learning: pretrain a CNN on digits 0-4, reuse its frozen backbone for digits 5-9."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

SEED = 5
torch.manual_seed(SEED)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
        )
        self.out_features = 32 * 4

    def forward(self, x):
        return self.body(x)


class FrozenBackboneClassifier(nn.Module):
    """Keeps the backbone in eval mode so its BatchNorm statistics stay those of the source task."""

    def __init__(self, backbone, n_classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(backbone.out_features, n_classes)
        self.backbone.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, x):
        with torch.no_grad():
            feats = self.backbone(x)
        return self.head(feats)


def loaders(x, y, batch_size=32):
    x_tmp, x_te, y_tmp, y_te = train_test_split(x, y, test_size=0.25, stratify=y, random_state=SEED)
    x_tr, x_va, y_tr, y_va = train_test_split(x_tmp, y_tmp, test_size=0.2, stratify=y_tmp, random_state=SEED)
    pack = lambda a, b: TensorDataset(torch.from_numpy(a), torch.from_numpy(b))
    return (DataLoader(pack(x_tr, y_tr), batch_size, shuffle=True),
            DataLoader(pack(x_va, y_va), 128), DataLoader(pack(x_te, y_te), 128))


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    hits = total = 0
    for x, y in loader:
        hits += (model(x).argmax(1) == y).sum().item()
        total += y.numel()
    return hits / total


def fit(model, train_loader, val_loader, lr, epochs, tag):
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.Adam(params, lr=lr)
    ce = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        model.train()
        for x, y in train_loader:
            opt.zero_grad()
            loss = ce(model(x), y)
            loss.backward()
            opt.step()
        print(f"{tag} epoch {epoch + 1}: val acc {accuracy(model, val_loader):.3f}")


digits = load_digits()
images = (digits.images[:, None] / 16.0).astype("float32")
target = digits.target.astype("int64")
src, dst = target < 5, target >= 5

src_tr, src_va, _ = loaders(images[src], target[src])
backbone = Backbone()
source_model = nn.Sequential(backbone, nn.Linear(backbone.out_features, 5))
fit(source_model, src_tr, src_va, lr=3e-3, epochs=4, tag="source")

dst_tr, dst_va, dst_te = loaders(images[dst], target[dst] - 5)
before = {k: v.clone() for k, v in backbone.state_dict().items()}
transfer = FrozenBackboneClassifier(backbone, 5)
fit(transfer, dst_tr, dst_va, lr=1e-2, epochs=8, tag="target")
assert all(torch.equal(before[k], v) for k, v in backbone.state_dict().items())
print(f"target test acc {accuracy(transfer, dst_te):.3f}")
