# Vorhersage des Energieverbrauchs (synthetisch) mit Frühabbruch
import math
import torch
from torch import nn, optim, Tensor
from torch.utils.data import Dataset, DataLoader, Subset


class Verbrauch(Dataset):
    """Stunde, Temperatur, Feiertag -> Last."""

    def __init__(self, n: int, seed: int) -> None:
        g = torch.Generator().manual_seed(seed)
        stunde = torch.rand(n, generator=g) * 24
        temp = torch.randn(n, generator=g) * 8 + 12
        frei = (torch.rand(n, generator=g) < 0.2).float()
        last = 1.5 * torch.sin(stunde / 24 * 2 * math.pi) + 0.05 * (temp - 18).abs() - 0.6 * frei
        self.y = last + 0.2 * torch.randn(n, generator=g)
        # feste physikalische Skalen, keine Statistik aus den Daten
        self.x = torch.stack([stunde / 12 - 1, (temp - 12) / 8, frei], dim=1)

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        return self.x[i], self.y[i]


class EarlyStopping:
    def __init__(self, patience: int = 6, min_delta: float = 1e-4) -> None:
        self.patience = patience
        self.min_delta = min_delta
        self.best = math.inf
        self.bad_epochs = 0
        self.state: dict[str, Tensor] = {}

    def update(self, value: float, model: nn.Module) -> bool:
        """True, sobald abgebrochen werden soll."""
        if value < self.best - self.min_delta:
            self.bad_epochs = 0
            self.state = {k: v.detach().clone() for k, v in model.state_dict().items()}
        else:
            self.bad_epochs += 1
        self.best = value
        return self.bad_epochs >= self.patience

    def restore(self, model: nn.Module) -> None:
        model.load_state_dict(self.state)


def mittlerer_fehler(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    summe, n = 0.0, 0
    with torch.inference_mode():
        for x, y in loader:
            summe += (model(x).squeeze(-1) - y).square().sum().item()
            n += y.numel()
    return summe / n


def main() -> None:
    torch.manual_seed(11)
    daten = Verbrauch(600, seed=1)
    train = DataLoader(Subset(daten, range(0, 400)), batch_size=40, shuffle=True)
    val = DataLoader(Subset(daten, range(400, 600)), batch_size=100)
    test = DataLoader(Verbrauch(300, seed=2), batch_size=100)

    model = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
    opt = optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-4)
    stopper = EarlyStopping()
    for epoche in range(80):
        model.train()
        for x, y in train:
            fehler = nn.functional.mse_loss(model(x).squeeze(-1), y)
            opt.zero_grad(set_to_none=True)
            fehler.backward()
            opt.step()
        v = mittlerer_fehler(model, val)
        if stopper.update(v, model):
            print("Abbruch nach Epoche", epoche)
            break
    stopper.restore(model)
    print(f"bestes val {stopper.best:.4f}  test {mittlerer_fehler(model, test):.4f}")


if __name__ == "__main__":
    main()
