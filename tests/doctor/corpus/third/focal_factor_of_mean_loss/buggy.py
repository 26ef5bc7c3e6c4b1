from dataclasses import dataclass
import torch
from torch import nn
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


@dataclass
class Config:
    gamma: float = 2.0
    alpha: float = 0.75
    lr: float = 3e-3
    epochs: int = 15
    batch: int = 128


class FocalLoss(nn.Module):
    def __init__(self, gamma: float, alpha: float) -> None:
        super().__init__()
        self.gamma = gamma
        self.alpha = alpha

    def forward(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        bce = F.binary_cross_entropy_with_logits(logits, target)
        pt = torch.exp(-bce)
        alpha_t = self.alpha * target + (1 - self.alpha) * (1 - target)
        return (alpha_t * (1 - pt) ** self.gamma * bce).mean()


def load():
    X, y = make_classification(4000, 16, n_informative=6, weights=[0.93], class_sep=0.8, random_state=5)
    parts = train_test_split(X, y, test_size=0.3, stratify=y, random_state=5)
    scaler = StandardScaler().fit(parts[0])
    to = lambda a: torch.as_tensor(a, dtype=torch.float32)
    return to(scaler.transform(parts[0])), to(scaler.transform(parts[1])), to(parts[2]), parts[3]


def main(cfg: Config) -> None:
    torch.manual_seed(0)
    X_train, X_test, y_train, y_test = load()
    model = nn.Sequential(nn.Linear(16, 64), nn.GELU(), nn.Linear(64, 1), nn.Flatten(0))
    criterion = FocalLoss(cfg.gamma, cfg.alpha)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        for idx in torch.randperm(len(X_train)).split(cfg.batch):
            optimizer.zero_grad()
            loss = criterion(model(X_train[idx]), y_train[idx])
            loss.backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        score = model(X_test).sigmoid().numpy()
    print("average precision", round(average_precision_score(y_test, score), 4), "last loss", round(loss.item(), 5))


if __name__ == "__main__":
    main(Config())
