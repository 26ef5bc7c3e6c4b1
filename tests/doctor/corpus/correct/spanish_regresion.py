"""Regresión con objetivo estandarizado. Las métricas se dan en las unidades originales."""
import numpy as np
import torch
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Perceptron(nn.Module):
    """Guarda la escala del objetivo como buffer: viaja con el state_dict y no se entrena."""

    def __init__(self, entradas, media, desviacion):
        super().__init__()
        self.red = nn.Sequential(nn.Linear(entradas, 32), nn.ELU(), nn.Dropout(0.2), nn.Linear(32, 1))
        self.register_buffer("media", torch.tensor(media))
        self.register_buffer("desviacion", torch.tensor(desviacion))

    def forward(self, x):
        return self.red(x).squeeze(-1)              # (N,) como el objetivo

    def predecir(self, x):
        return self.forward(x) * self.desviacion + self.media


def metricas(pred, real):
    residuo = real - pred
    return {
        "MAE": residuo.abs().mean().item(),
        "RMSE": residuo.square().mean().sqrt().item(),
        # R2 sobre todo el conjunto, nunca como promedio de lotes
        "R2": (1 - residuo.square().sum() / (real - real.mean()).square().sum()).item(),
    }


@torch.no_grad()
def evaluar(modelo, cargador):
    modelo.eval()
    pred, real = map(torch.cat, zip(*[(modelo.predecir(x), y) for x, y in cargador]))
    return pred, real


def entrenar(modelo, cargador, validacion, epocas=60, paciencia=10):
    opt = torch.optim.AdamW(
        [{"params": [p for n, p in modelo.named_parameters() if n.endswith("weight")], "weight_decay": 0.05},
         {"params": [p for n, p in modelo.named_parameters() if n.endswith("bias")], "weight_decay": 0.0}], lr=4e-3)
    perdida = nn.SmoothL1Loss()
    mejor, espera, copia = float("inf"), 0, None
    for epoca in range(epocas):
        modelo.train()
        for x, y in cargador:
            z = (y - modelo.media) / modelo.desviacion    # solo la pérdida usa la escala estándar
            opt.zero_grad()
            perdida(modelo(x), z).backward()
            opt.step()
        actual = metricas(*evaluar(modelo, validacion))["MAE"]
        if actual < mejor:
            mejor, espera = actual, 0
            copia = {k: v.detach().clone() for k, v in modelo.state_dict().items()}
        else:
            espera += 1
            if espera == paciencia:
                break
    print(f"parada en la época {epoca}, mejor MAE de validación {mejor:.2f}")
    modelo.load_state_dict(copia)


def main():
    torch.manual_seed(21)
    np.random.seed(21)
    X, y = load_diabetes(return_X_y=True, scaled=False)
    X_aj, X_pr, y_aj, y_pr = train_test_split(X, y, test_size=0.25, random_state=21)
    X_en, X_va, y_en, y_va = train_test_split(X_aj, y_aj, test_size=0.2, random_state=21)
    escala = StandardScaler().fit(X_en)

    def cargador(a, b, **kw):
        datos = TensorDataset(torch.tensor(escala.transform(a), dtype=torch.float32),
                              torch.tensor(b, dtype=torch.float32))
        return DataLoader(datos, batch_size=32, **kw)

    modelo = Perceptron(X.shape[1], float(y_en.mean()), float(y_en.std()))
    entrenar(modelo, cargador(X_en, y_en, shuffle=True), cargador(X_va, y_va))

    pred, real = evaluar(modelo, cargador(X_pr, y_pr))
    m = metricas(pred, real)
    print("red neuronal:", {k: round(v, 3) for k, v in m.items()})
    # la misma cuenta con scikit-learn, que espera (real, pred)
    assert abs(m["R2"] - r2_score(real, pred)) < 1e-4
    assert abs(m["MAE"] - mean_absolute_error(real, pred)) < 1e-3

    # referencia lineal: se ajusta con entrenamiento y validación (elige alfa por validación cruzada interna)
    esc = StandardScaler().fit(X_aj)
    lineal = TransformedTargetRegressor(RidgeCV(np.logspace(-2, 3, 20)), transformer=StandardScaler())
    lineal.fit(esc.transform(X_aj), y_aj)
    print("ridge:", round(r2_score(y_pr, lineal.predict(esc.transform(X_pr))), 3))


if __name__ == "__main__":
    main()
