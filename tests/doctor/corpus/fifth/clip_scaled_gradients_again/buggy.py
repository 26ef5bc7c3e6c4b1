import torch
import torch.nn as nn
from torch.amp import GradScaler, autocast
from torch.utils.data import DataLoader, TensorDataset

device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(33)


def get_loaders(n=1600):
    x = torch.randn(n, 16)
    y = (x[:, :8].abs().sum(1) > x[:, 8:].abs().sum(1)).long()
    tr, te = TensorDataset(x[:1400], y[:1400]), TensorDataset(x[1400:], y[1400:])
    return DataLoader(tr, batch_size=50, shuffle=True), DataLoader(te, batch_size=100)


class Engine:
    def __init__(self, model, lr, max_norm):
        self.model = model.to(device)
        self.opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        self.scaler = GradScaler(device)
        self.max_norm = max_norm
        self.ce = nn.CrossEntropyLoss()

    def forward_loss(self, xb, yb):
        with autocast(device, dtype=torch.float16):
            return self.ce(self.model(xb), yb)

    def optimise(self, loss):
        self.opt.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.max_norm)
        self.scaler.step(self.opt)
        self.scaler.update()

    def run(self, loader, epochs):
        for _ in range(epochs):
            self.model.train()
            for xb, yb in loader:
                self.optimise(self.forward_loss(xb.to(device), yb.to(device)))

    @torch.no_grad()
    def accuracy(self, loader):
        self.model.eval()
        hits = sum((self.model(xb.to(device)).argmax(1).cpu() == yb).sum().item() for xb, yb in loader)
        return hits / len(loader.dataset)


train_dl, test_dl = get_loaders()
engine = Engine(nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)), lr=0.05, max_norm=1.0)
engine.run(train_dl, epochs=12)
print("test accuracy", engine.accuracy(test_dl))
