import numpy as np
import torch as th
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import fetch_california_housing
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

np.random.seed(3)
th.manual_seed(3)

features, price = fetch_california_housing(return_X_y=True)
f_train, f_test, p_train, p_test = train_test_split(features, price, test_size=0.2, random_state=3)
scaler = StandardScaler()
f_train = scaler.fit_transform(f_train)
f_test = scaler.transform(f_test)

A = th.tensor(f_train, dtype=th.float32)
b = th.tensor(p_train, dtype=th.float32).unsqueeze(1)
A_test = th.tensor(f_test, dtype=th.float32)
b_test = th.tensor(p_test, dtype=th.float32).unsqueeze(1)

mlp = nn.Sequential(
    nn.Linear(8, 64),
    nn.ReLU(),
    nn.Dropout(0.1),
    nn.Linear(64, 64),
    nn.ReLU(),
    nn.Linear(64, 1),
)
adam = th.optim.Adam(mlp.parameters(), 1e-3, weight_decay=1e-5)
halve = th.optim.lr_scheduler.StepLR(adam, step_size=10, gamma=0.5)
history = []
for epoch in range(40):
    mlp.train()
    order = th.randperm(A.shape[0])
    for idx in order.split(128):
        estimate = mlp(A[idx])
        error = F.mse_loss(estimate, b[idx])
        adam.zero_grad()
        error.backward()
        adam.step()
        history.append(error.item())
    halve.step()
    mlp.eval()
    with th.inference_mode():
        mae = (mlp(A_test) - b_test).abs().mean()
    print(f"{epoch:3d} {np.mean(history[-100:]):.4f} {mae:.4f}")

th.save({"weights": mlp.state_dict(), "mean": scaler.mean_, "scale": scaler.scale_}, "mlp.pt")
