"""Knowledge distillation: a wide teacher is trained first, then frozen; the student learns from soft and hard targets."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(11)


def spirals(n, classes=4):
    k = torch.randint(0, classes, (n,))
    t = torch.rand(n)
    ang = 2 * torch.pi * (k / classes + 0.6 * t) + 0.12 * torch.randn(n)
    r = 0.2 + t
    return torch.stack([r * ang.cos(), r * ang.sin()], 1), k


def mlp(width, depth):
    layers, d = [], 2
    for _ in range(depth):
        layers += [nn.Linear(d, width), nn.BatchNorm1d(width), nn.ReLU()]
        d = width
    return nn.Sequential(*layers, nn.Linear(d, 4))


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, nesterov=True)

    def loss(self, x, y):
        return F.cross_entropy(self.model(x), y)

    def fit(self, dl, epochs):
        sched = torch.optim.lr_scheduler.CosineAnnealingLR(self.opt, T_max=epochs)
        for _ in range(epochs):
            self.model.train()
            for x, y in dl:
                self.opt.zero_grad()
                self.loss(x, y).backward()
                self.opt.step()
            sched.step()

    @torch.inference_mode()
    def accuracy(self, dl):
        self.model.eval()
        ok = sum((self.model(x).argmax(1) == y).sum().item() for x, y in dl)
        return ok / len(dl.dataset)


class Distiller(Trainer):
    def __init__(self, student, teacher, lr, T=3.0, alpha=0.7):
        super().__init__(student, lr)
        self.teacher = teacher.eval().requires_grad_(False)
        self.T, self.alpha = T, alpha

    def loss(self, x, y):
        with torch.no_grad():
            soft = F.softmax(self.teacher(x) / self.T, dim=1)
        logits = self.model(x)
        kd = F.kl_div(F.log_softmax(logits / self.T, dim=1), soft, reduction="batchmean") * self.T ** 2
        return self.alpha * kd + (1 - self.alpha) * F.cross_entropy(logits, y)


full = TensorDataset(*spirals(1500))
train_set, test_set = random_split(full, [1100, 400], generator=torch.Generator().manual_seed(0))
train_dl = DataLoader(train_set, batch_size=50, shuffle=True)
test_dl = DataLoader(test_set, batch_size=200)

teacher = mlp(64, 3)
t = Trainer(teacher, 0.05)
t.fit(train_dl, 12)
print(f"teacher {t.accuracy(test_dl):.3f}")

plain = Trainer(mlp(12, 1), 0.05)
plain.fit(train_dl, 10)
print(f"student alone {plain.accuracy(test_dl):.3f}")

student = Distiller(mlp(12, 1), teacher, 0.05)
student.fit(train_dl, 10)
print(f"student distilled {student.accuracy(test_dl):.3f}")
