import math

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


class LoRALinear(nn.Module):
    """y = W x + (alpha / r) B A x with W taken from a pretrained layer."""

    def __init__(self, base: nn.Linear, r: int = 4, alpha: float = 8.0) -> None:
        super().__init__()
        self.base = base
        self.lora_A = nn.Parameter(torch.empty(r, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, r))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scale = alpha / r

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * (x @ self.lora_A.T @ self.lora_B.T)


class Classifier(nn.Module):
    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(20, 64)
        self.fc2 = nn.Linear(64, 64)
        self.head = nn.Linear(64, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


def fit(model: nn.Module, loader: DataLoader, epochs: int, lr: float) -> None:
    opt = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=lr, weight_decay=0.0)
    loss_fn = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        for x, y in loader:
            opt.zero_grad()
            loss_fn(model(x), y).backward()
            opt.step()


@torch.no_grad()
def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


def adapt(model: Classifier, n_classes: int) -> Classifier:
    for p in model.parameters():
        p.requires_grad = False
    model.fc1 = LoRALinear(model.fc1)
    model.fc2 = LoRALinear(model.fc2)
    model.head = nn.Linear(64, n_classes)
    for name, p in model.named_parameters():
        if "lora_" in name or "head" in name:
            p.requires_grad = True
    return model


def task(proj: Tensor, n: int) -> tuple[Tensor, Tensor]:
    x = torch.randn(n, 20)
    return x, (x @ proj).argmax(1)


def main() -> None:
    torch.manual_seed(19)
    proj = torch.randn(20, 6)
    x, y = task(proj, 2000)
    model = Classifier(6)
    fit(model, DataLoader(TensorDataset(x, y), 50, shuffle=True), 5, 3e-3)

    new = proj[:, :3] + 0.5 * torch.randn(20, 3)
    x, y = task(new, 60)
    xte, yte = task(new, 500)
    model = adapt(model, 3)
    fit(model, DataLoader(TensorDataset(x, y), 20, shuffle=True), 20, 3e-3)
    print(f"new task: {accuracy(model, xte, yte):.3f}")


if __name__ == "__main__":
    main()
