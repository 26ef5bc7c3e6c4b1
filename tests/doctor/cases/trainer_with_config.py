from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms as T


@dataclass
class Config:
    batch_size: int = 64
    learning_rate: float = 3e-4
    n_epochs: int = 10
    clip: float = 1.0
    decay: float = 0.999
    seed: int = 7
    out_dir: str = "runs"


class Block(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(c_out)
        self.act = nn.ReLU()
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        return self.pool(self.act(self.norm(self.conv(x))))


class Classifier(nn.Module):
    def __init__(self, n_classes=10):
        super().__init__()
        self.blocks = nn.ModuleList([Block(3, 32), Block(32, 64), Block(64, 128)])
        self.dropout = nn.Dropout(p=0.2)
        self.fc = nn.Linear(128 * 4 * 4, n_classes)

    def forward(self, images):
        h = images
        for block in self.blocks:
            h = block(h)
        h = torch.flatten(h, start_dim=1)
        return self.fc(self.dropout(h))


class Trainer:
    def __init__(self, cfg: Config, net: nn.Module, train_set, val_set):
        self.cfg = cfg
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.net = net.to(self.device)
        self.shadow = deepcopy(self.net)
        for p in self.shadow.parameters():
            p.requires_grad_(False)
        self.loader = DataLoader(train_set, cfg.batch_size, shuffle=True, num_workers=2)
        self.val_loader = DataLoader(val_set, cfg.batch_size)
        self.optim = optim.AdamW(self.net.parameters(), lr=cfg.learning_rate)
        self.sched = optim.lr_scheduler.OneCycleLR(
            self.optim, max_lr=cfg.learning_rate, total_steps=cfg.n_epochs * len(self.loader)
        )
        self.scaler = torch.amp.GradScaler(self.device.type)
        self.loss_fn = nn.CrossEntropyLoss(label_smoothing=0.1)
        self.best_acc = 0.0
        self.best_state = None

    def update_shadow(self):
        with torch.no_grad():
            for s, p in zip(self.shadow.parameters(), self.net.parameters()):
                s.mul_(self.cfg.decay).add_(p, alpha=1 - self.cfg.decay)
            for s, b in zip(self.shadow.buffers(), self.net.buffers()):
                s.copy_(b)

    def train_one_epoch(self):
        self.net.train()
        running, seen = 0.0, 0
        for images, labels in self.loader:
            images, labels = images.to(self.device), labels.to(self.device)
            self.optim.zero_grad(set_to_none=True)
            with torch.autocast(self.device.type, dtype=torch.float16):
                scores = self.net(images)
                loss = self.loss_fn(scores, labels)
            self.scaler.scale(loss).backward()
            self.scaler.unscale_(self.optim)
            nn.utils.clip_grad_norm_(self.net.parameters(), self.cfg.clip)
            self.scaler.step(self.optim)
            self.scaler.update()
            self.sched.step()
            self.update_shadow()
            running += loss.item() * images.size(0)
            seen += images.size(0)
        return running / seen

    def validate(self):
        self.shadow.eval()
        hits = total = 0
        with torch.no_grad():
            for images, labels in self.val_loader:
                images, labels = images.to(self.device), labels.to(self.device)
                hits += (self.shadow(images).argmax(dim=1) == labels).sum().item()
                total += labels.numel()
        return hits / total

    def fit(self):
        for epoch in range(self.cfg.n_epochs):
            loss = self.train_one_epoch()
            acc = self.validate()
            print(f"epoch {epoch}: loss {loss:.4f} acc {acc:.3f}")
            if acc > self.best_acc:
                self.best_acc = acc
                self.best_state = deepcopy(self.shadow.state_dict())
                torch.save(self.best_state, Path(self.cfg.out_dir) / f"best_{epoch}.pt")
        self.net.load_state_dict(self.best_state)


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    transform = T.Compose([T.ToTensor(), T.Normalize((0.49, 0.48, 0.45), (0.25, 0.24, 0.26))])
    data = datasets.CIFAR10("data", train=True, download=True, transform=transform)
    train_set, val_set = random_split(data, [45000, 5000], generator=torch.Generator().manual_seed(cfg.seed))
    Trainer(cfg, Classifier(), train_set, val_set).fit()


if __name__ == "__main__":
    main()
